// An HTTP server with Express: GET /sample gives a PNG, POST /score takes one. See docs/servers.md.
import { encodePng, loadGlow, WorkerError } from '@glow-onnx/runtime/node';
import express from 'express';

const model = await loadGlow('models/faces', { worker: 2, maxPixels: 2 ** 20, maxBytes: 2 ** 20 });
const mostRequests = 32;
let requests = 0;

/** Gives a request a signal, which its client's leaving or ten seconds abort. Refuses a request if too many wait. */
function limit(_, response, next) {
  if (requests >= mostRequests) return response.status(503).set('Retry-After', '1').send('busy');
  requests++;
  const left = new AbortController();
  response.once('close', () => {
    requests--;
    left.abort();
  });
  response.locals.signal = AbortSignal.any([left.signal, AbortSignal.timeout(10_000)]);
  next();
}

const app = express();
app.get('/health', (_, response) => response.send('ok'));
app.get('/sample', limit, async ({ query }, response) => {
  const [image] = await model.sample({ seed: Number(query.seed ?? 0), signal: response.locals.signal });
  response.type('png').send(Buffer.from(await encodePng(image)));
});
app.post('/score', limit, express.raw({ type: 'image/*', limit: '1mb' }), async ({ body }, response) => {
  const [score] = await model.score(body, { signal: response.locals.signal });
  response.json(score);
});
app.use((error, _request, response, _next) => {
  if (response.headersSent || response.closed) return;
  const status =
    error instanceof WorkerError ? 503 : error.name === 'TimeoutError' ? 504 : (error.status ?? 400);
  response.status(status).send(error.message);
});

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
process.once('SIGTERM', () => server.close(() => model.dispose()));
