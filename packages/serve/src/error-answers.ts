import type { FastifyError, FastifyInstance } from 'fastify';
import { HttpError } from './http-error.js';

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
