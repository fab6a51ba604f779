// An HTTP server with Fastify: GET /sample gives a PNG, POST /score takes one. See docs/servers.md.
import { encodePng, loadGlow, WorkerError } from '@glow-onnx/runtime/node';
import Fastify from 'fastify';

const model = await loadGlow('models/faces', { worker: 2, maxPixels: 2 ** 20, maxBytes: 2 ** 20 });
const mostRequests = 32;
let requests = 0;

// At its end the server waits for connections that are kept alive, by default 72 seconds.
const app = Fastify({ bodyLimit: 2 ** 20, keepAliveTimeout: 2000 });
app.addContentTypeParser(/^image\//, { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
app.addHook('onClose', () => model.dispose());
app.setErrorHandler((error, _, reply) => {
  const status =
    error instanceof WorkerError ? 503 : error.name === 'TimeoutError' ? 504 : (error.statusCode ?? 400);
  reply.code(status).send(error.message);
});

app.get('/health', async () => 'ok');
app.register(async (limited) => {
  limited.decorateRequest('stop', null);
  // A request gets a signal, which its client's leaving or ten seconds abort. If too many wait, it is refused.
  limited.addHook('onRequest', async (request, reply) => {
    if (requests >= mostRequests) return reply.code(503).header('Retry-After', '1').send('busy');
    requests++;
    const left = new AbortController();
    reply.raw.once('close', () => {
      requests--;
      left.abort();
    });
    request.stop = AbortSignal.any([left.signal, AbortSignal.timeout(10_000)]);
  });
  limited.get('/sample', async ({ query, stop: signal }, reply) => {
    const [image] = await model.sample({ seed: Number(query.seed ?? 0), signal });
    return reply.type('image/png').send(Buffer.from(await encodePng(image)));
  });
  limited.post('/score', async ({ body, stop: signal }) => {
    const [score] = await model.score(body, { signal });
    return score;
  });
});

console.log(await app.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' }));
process.once('SIGTERM', () => app.close());
