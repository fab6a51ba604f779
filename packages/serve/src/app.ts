import cors from '@fastify/cors';
import swagger from '@fastify/swagger';
import { version } from '@glow-onnx/runtime/internal';
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import type { AppContext } from './app-context.js';
import { answerBadUrl, answerBrokenHttp, answerErrors, maxParamLength } from './error-answers.js';
import { refuseOtherHosts } from './hosts.js';
import { createMetrics, type Metrics, noModel } from './metrics.js';
import { defaultWork, type Limits, longestTimerMs, type ServeOptions } from './options.js';
import { addInferRoutes } from './routes/infer-routes.js';
import { addPictureRoutes } from './routes/picture-routes.js';
import { addServerRoutes } from './routes/server-routes.js';
import { whenOver } from './routes/when-over.js';
import type { ServedModel } from './served-models.js';
import { createTokenCheck } from './token.js';

/** The server without its port. */
export interface App {
  readonly app: FastifyInstance;
  /** From now on the server says that it is not ready, and asks clients to leave. */
  readonly drain: () => void;
}

/**
 * The server without its models and its port.
 * @param load makes the models' queues, which tell the metrics about their runs.
 */
export async function createApp(
  load: (onBatch: Metrics['batched']) => readonly ServedModel[],
  {
    token,
    corsOrigin,
    maxPixels,
    logLevel = 'silent',
  }: Pick<ServeOptions, 'token' | 'corsOrigin' | 'maxPixels' | 'logLevel'>,
  limits: Limits,
): Promise<App> {
  const { timeoutMs, maxBodyBytes, maxRequests } = limits;
  const longestMs = Math.min(2 * timeoutMs, longestTimerMs);
  const app = Fastify({
    bodyLimit: maxBodyBytes,
    requestTimeout: timeoutMs,
    // A client that sends no bytes and takes none; while it waits for an answer, no bytes flow either.
    connectionTimeout: longestMs,
    forceCloseConnections: 'idle',
    http: {
      headersTimeout: timeoutMs,
      connectionsCheckingInterval: Math.min(Math.ceil(timeoutMs / 4), 1000),
    },
    logger:
      logLevel === 'silent'
        ? false
        : { level: logLevel, stream: process.stderr, serializers: { req: withoutHeaders } },
    routerOptions: { maxParamLength },
    frameworkErrors: answerBadUrl,
    clientErrorHandler: answerBrokenHttp,
  });
  // Each request of a connection listens to its end, and a client may send many before it reads an answer.
  app.server.on('connection', (socket) => socket.setMaxListeners(0));
  let requests = 0;
  let isReady = true;
  let served: readonly ServedModel[] = [];
  const metrics = createMetrics({ served: () => served, requests: () => requests });
  served = load(metrics.batched);

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  // The schemas of routes describe them. The code that reads a request checks it.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  answerErrors(app);

  app.decorateRequest('about');
  if (token === undefined) refuseOtherHosts(app);
  // Before the token: browsers ask without it whether a page may ask.
  if (corsOrigin !== undefined) {
    await app.register(cors, { origin: corsOrigin, exposedHeaders: ['inference-header-content-length'] });
  }
  const mayAsk = token === undefined ? () => true : createTokenCheck(token);
  app.addHook('onRequest', async (request, reply) => {
    const { watches = false, isOpen = false } = request.routeOptions.config;
    if (!isOpen && !mayAsk(request.headers.authorization)) {
      return reply
        .code(401)
        .header('www-authenticate', 'Bearer')
        .send({ error: 'send the token of this server as Authorization: Bearer' });
    }
    if (watches) return;
    if (requests >= maxRequests) {
      return reply.code(429).send({ error: `${requests} requests are under way; try again later` });
    }
    requests++;
    whenOver(reply, () => {
      requests--;
    });
    const encoding = request.headers['content-encoding'] ?? 'identity';
    if (encoding !== 'identity') {
      return reply
        .code(415)
        .send({ error: 'a body with a content-encoding is not supported; send it as it is' });
    }
  });
  app.addHook('onSend', async (request, reply) => {
    const { socket } = request.raw;
    const cut = setTimeout(() => socket.destroy(), longestMs);
    whenOver(reply, () => clearTimeout(cut));
    if (!isReady) reply.header('connection', 'close');
    if (reply.statusCode === 429 || reply.statusCode === 503) reply.header('retry-after', '1');
  });
  app.addHook('onResponse', async ({ about = noModel }, reply) => {
    metrics.answered(about, reply.statusCode, reply.elapsedTime / 1000);
  });

  const security = token !== undefined && {
    securitySchemes: { token: { type: 'http', scheme: 'bearer' } as const },
  };
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'glow-onnx',
        version,
        description: 'Open Inference Protocol v2, and pictures in and out.',
      },
      ...(security && { components: security, security: [{ token: [] }] }),
    },
  });
  const context: AppContext = {
    served,
    limits,
    maxWork: maxPixels === undefined ? defaultWork : Infinity,
    metrics,
    isReady: () => isReady,
  };
  addServerRoutes(app, context);
  addInferRoutes(app, context);
  addPictureRoutes(app, context);
  const drain = () => {
    isReady = false;
  };
  return { app, drain };
}

/** A request as the log shows it. */
function withoutHeaders({ method, url, ip, socket }: FastifyRequest) {
  return { method, url, remoteAddress: ip, remotePort: socket.remotePort as number };
}
