import type { FastifyReply } from 'fastify';
import type { AppContext } from '../app-context.js';
import type { Work } from '../batcher.js';
import { fromModelError } from '../http-error.js';
import type { ServedModel } from '../served-models.js';
import { requestSignal } from './request-signal.js';

/**
 * The results of a request's items, from a run of the model that other requests may share.
 * @throws HttpError 400 for wrong items, 413 for too large ones, 503 if the time is over or the worker ended.
 */
export async function runWork<Item, Result>(
  { limits: { timeoutMs } }: Pick<AppContext, 'limits'>,
  { batcher }: Pick<ServedModel, 'batcher'>,
  work: Work<Item, Result>,
  items: readonly Item[],
  reply: FastifyReply,
): Promise<Result[]> {
  const signal = requestSignal(reply, timeoutMs);
  try {
    return await batcher.submit(work, items, signal);
  } catch (error) {
    throw fromModelError(error);
  }
}
