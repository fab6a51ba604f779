import { version } from '@glow-onnx/runtime/internal';
import type { FastifyInstance } from 'fastify';
import type { AppContext } from '../app-context.js';
import { ok } from './schemas.js';

/** Routes about the server: health, metadata, metrics, OpenAPI. */
export function addServerRoutes(app: FastifyInstance, { isReady, metrics }: AppContext): void {
  const open = { config: { watches: true, isOpen: true }, logLevel: 'warn' } as const;
  const closed = { config: { watches: true } } as const;
  const state = (name: string) => ok(name, 'application/json', { type: 'object' });
  app.get('/v2/health/live', {
    ...open,
    schema: {
      summary: 'Whether the server runs',
      tags: ['server'],
      response: state('it runs'),
      security: [],
    },
    handler: async () => ({ live: true }),
  });
  app.get('/v2/health/ready', {
    ...open,
    schema: {
      ...{ summary: 'Whether the server takes requests', tags: ['server'], security: [] },
      response: { ...state('it does'), 503: { description: 'it closes' } },
    },
    handler: async (_request, reply) => reply.code(isReady() ? 200 : 503).send({ ready: isReady() }),
  });
  app.get('/v2', {
    ...closed,
    schema: { summary: 'Name and extensions of the server', tags: ['server'], response: state('metadata') },
    handler: async () => ({ name: 'glow-onnx', version, extensions: ['binary_tensor_data'] }),
  });
  app.get('/metrics', {
    ...{ config: { watches: true }, logLevel: 'warn' },
    schema: {
      ...{ summary: 'Metrics for Prometheus', tags: ['server'] },
      response: ok('metrics', 'text/plain', { type: 'string' }),
    },
    handler: async (_request, reply) =>
      reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  });
  app.get('/openapi.json', {
    ...closed,
    schema: { summary: 'This document', tags: ['server'], response: state('an OpenAPI document') },
    handler: async () => app.swagger(),
  });
}
