import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HttpError } from './http-error.js';

/** The most characters of a name in a URL: those of a model's name with its longest ending, `-encode-gradient`. */
export const maxParamLength = 100 + 16;

/** Answers every error as the protocol wants it: `{ "error": "…" }`. */
export function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler<FastifyError | HttpError>((error, request, reply) => {
    const { statusCode: status = 500 } = error;
    if (status >= 500) request.log.error({ err: error, cause: error.cause }, 'a request failed');
    const isKnown = error instanceof HttpError || status < 500;
    const message = isKnown ? error.message : 'the server failed; its log has the reason';
    return reply.code(status).send({ error: message });
  });
  app.setNotFoundHandler((request, reply) => {
    const isProtocol = request.url.startsWith('/v2');
    const advice = isProtocol ? 'see /openapi.json' : 'the protocol begins at /v2; see /openapi.json';
    return reply.code(404).send({ error: `there is no ${request.method} at this path; ${advice}` });
  });
}

/** Answers a URL that no route can read. */
export function answerBadUrl(
  { statusCode = 400 }: FastifyError,
  _: FastifyRequest,
  reply: FastifyReply,
): void {
  const error =
    statusCode === 414
      ? `a name in the URL has more than ${maxParamLength} characters`
      : 'the URL is not valid: each % must begin the code of a UTF-8 byte, such as %20';
  reply.code(statusCode).send({ error });
}

const brokenHttp: Readonly<Record<string, readonly [number, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request did not arrive in time'],
  HPE_HEADER_OVERFLOW: [431, 'the URL and the headers are too long'],
};

/** Answers what is no HTTP request, and closes its connection. */
export function answerBrokenHttp({ code }: { readonly code?: string }, socket: Socket): void {
  if (code === 'ECONNRESET' || socket.destroyed) return;
  const [status, error] = brokenHttp[code ?? ''] ?? [400, 'the request is not valid HTTP'];
  const body = JSON.stringify({ error });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'connection: close',
    'content-type: application/json',
    `content-length: ${body.length}`,
  ];
  if (socket.writable) socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  socket.destroy();
}
