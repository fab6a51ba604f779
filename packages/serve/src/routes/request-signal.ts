import type { FastifyReply } from 'fastify';
import { HttpError } from '../http-error.js';
import { whenOver } from './when-over.js';

/** A signal for the work on a request. The client's leaving or the end of the time aborts it. */
export function requestSignal(reply: FastifyReply, timeoutMs: number): AbortSignal {
  const stop = new AbortController();
  const late = () => stop.abort(new HttpError(503, `no answer within ${timeoutMs} ms; try again later`));
  const timer = setTimeout(late, timeoutMs);
  whenOver(reply, () => {
    clearTimeout(timer);
    stop.abort(new HttpError(499, 'the client left'));
  });
  return stop.signal;
}
