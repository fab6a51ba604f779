import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { encodePng, type GlowModel, MemoryError, WorkerError } from '@glow-onnx/runtime/node';
import { createApp } from '../../../packages/serve/src/app.js';
import { createBatcher } from '../../../packages/serve/src/batcher.js';
import { defaultLimits, type Limits, type ServeOptions } from '../../../packages/serve/src/options.js';
import { tinyConfig } from '../../support/tiny-config.js';

/** The server around a model that computes nothing. */
const token = 'a-token-of-24-characters';
const picture = { data: new Uint8Array(8 * 8 * 3), width: 8, height: 8, channels: 3 };
let png: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  png = new Uint8Array(await encodePng(picture));
});

/** What the fake model does in a call; `hold` keeps calls until the test ends them. */
let failure: Error | undefined;
let hold: Promise<void> | undefined;
async function call<T>(value: T): Promise<T> {
  await hold;
  if (failure) throw failure;
  return value;
}
const levels = [
  { shape: [6, 4, 4], data: new Float32Array(96) },
  { shape: [24, 2, 2], data: new Float32Array(96) },
];
const fake = {
  config: tinyConfig(),
  precision: 'fp32',
  manifest: { variants: { fp32: { encode: 'e', decode: 'd', weights: null } }, files: [] },
  encode: (images: readonly unknown[]) =>
    call({ z: images.map(() => ({ levels })), logProb: images.map((_, i) => 0.5 + i) }),
  score: (images: readonly unknown[]) => call(images.map(() => ({ bitsPerDim: 1 }))),
  reconstruct: (images: readonly unknown[]) => call(images.map(() => picture)),
  decode: (z: readonly unknown[]) => call(z.map(() => picture)),
  sample: () => call([picture]),
} as unknown as GlowModel;

type App = Awaited<ReturnType<typeof createApp>>;
const apps: App[] = [];
afterEach(async () => {
  [failure, hold] = [undefined, undefined];
  await Promise.all(apps.splice(0).map(({ app }) => app.close()));
});

async function start(
  options: ServeOptions = {},
  limits: Partial<Limits> = {},
  model = fake,
): Promise<string> {
  const made = await createApp(
    (onBatch) =>
      [1, 2].map((version) => ({
        ...{ name: 'tiny', version, model },
        batcher: createBatcher({
          ...{ calls: 1, maxBatch: 64, maxWaitMs: 0 },
          onBatch: (key, images) => onBatch('tiny', key, images),
        }),
      })),
    options,
    { ...defaultLimits, ...limits },
  );
  apps.push(made);
  return made.app.listen({ host: '127.0.0.1', port: 0 });
}

const x = { name: 'x', datatype: 'FP32', shape: [1, 3, 8, 8], data: Array(192).fill(0) };
const post = (url: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(url, {
    method: 'POST',
    body: body instanceof Uint8Array ? (body as BodyInit) : JSON.stringify(body),
    headers: { 'content-type': body instanceof Uint8Array ? 'image/png' : 'application/json', ...headers },
  });
const infer = (address: string, headers = {}) =>
  post(`${address}/v2/models/tiny-encode/infer`, { inputs: [x] }, headers);

test('models have versions: the highest answers unless the path names one', async () => {
  const address = await start();
  const metadata = await (await fetch(`${address}/v2/models/tiny-decode`)).json();
  expect(metadata).toMatchObject({ name: 'tiny-decode', versions: ['1', '2'] });
  expect(await (await infer(address)).json()).toMatchObject({
    model_name: 'tiny-encode',
    model_version: '2',
  });
  const first = await post(`${address}/v2/models/tiny-encode/versions/1/infer`, { inputs: [x] });
  expect(await first.json()).toMatchObject({
    model_version: '1',
    outputs: [{ name: 'z0' }, {}, { data: [0.5] }],
  });
  for (const path of [
    '/v2/models/tiny',
    '/v2/models/tiny-encode/versions/3',
    '/v2/models/%F0%9F%98%80/ready',
    '/v3',
  ]) {
    const answer = await fetch(address + path);
    expect([answer.status, typeof (await answer.json()).error]).toEqual([404, 'string']);
  }
});

test('pictures go in, JSON and PNG come out', async () => {
  const address = await start();
  const encoded = await (await post(`${address}/models/tiny/encode?fit=none`, png)).json();
  expect(encoded).toMatchObject({ format: 'glow-latents', logProb: [0.5] });
  for (const answer of [
    await post(`${address}/models/tiny/decode`, encoded),
    await post(`${address}/models/tiny/versions/1/reconstruct`, png),
    await fetch(`${address}/models/tiny/sample?seed=3&temperature=0.5`),
  ]) {
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/png']);
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(png);
  }
  for (const [path, body] of [
    ['encode?size=3', png],
    ['encode', Buffer.from('no picture')],
    ['decode', { z: [] }],
    ['decode', { ...encoded, z: [encoded.z[0], encoded.z[0]] }],
  ] as const) {
    expect((await post(`${address}/models/tiny/${path}`, body)).status).toBe(400);
  }
  expect((await fetch(`${address}/models/tiny/sample?seed=-1`)).status).toBe(400);
});

test('a body, an image and a batch beyond their limits are refused with 413, a content-encoding with 415', async () => {
  const address = await start({}, { maxBodyBytes: 4000, maxPixels: 32, maxBatch: 2 });
  const url = `${address}/v2/models/tiny-encode/infer`;
  const three = { ...x, shape: [3, 3, 4, 4], data: Array(144).fill(0) };
  for (const [body, reason] of [
    [{ inputs: [{ ...x, data: Array(4000).fill(0) }] }, /too large/],
    [{ inputs: [x] }, /8×8 has more than 32 pixels/],
    [{ inputs: [three] }, /3 images, more than 2/],
  ] as const) {
    const answer = await post(url, body);
    expect([answer.status, (await answer.json()).error]).toEqual([413, expect.stringMatching(reason)]);
  }
  expect((await post(`${address}/models/tiny/score`, png)).status).toBe(413);
  expect((await infer(address, { 'content-encoding': 'gzip' })).status).toBe(415);
});

test('beyond the limit of requests it answers 429, and health and metrics still answer', async () => {
  let end = () => {};
  hold = new Promise((resolve) => {
    end = resolve;
  });
  const address = await start({}, { maxRequests: 3 });
  const held = [infer(address), infer(address), infer(address)];
  const text = async () => (await fetch(`${address}/metrics`)).text();
  while (!(await text()).includes('requests_under_way 3')) await fetch(`${address}/v2/health/ready`);
  const refused = await infer(address);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
  expect((await fetch(`${address}/v2/health/ready`)).status).toBe(200);
  end();
  expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200, 200]);
  expect((await infer(address)).status).toBe(200);
  const metrics = await text();
  expect(metrics).toContain('glow_onnx_requests_total{model="tiny:2",call="encode",status="200"} 4');
  expect(metrics).toContain('glow_onnx_batch_images_sum{model="tiny",call="encode"} 4');
  expect(metrics).toContain('glow_onnx_batch_images_count{model="tiny",call="encode"} 3'); // one, two together, one
});

test.each([
  ['its time is over', undefined, 503, /no answer within 500 ms/],
  ['a worker ended', new WorkerError('killed'), 503, /try again/],
  ['it needs too much memory', new MemoryError('needs 9 GB', { needed: 9, available: 1 }), 413, /9 GB/],
  ['the model refuses the input', new RangeError('encode: wrong'), 400, /^encode: wrong$/],
  ['the model fails', new Error('secret path /models'), 500, /^the model failed; the log/],
])('when %s, the client gets its status', async (_, thrown, status, reason) => {
  failure = thrown;
  if (!thrown) hold = new Promise(() => {});
  const answer = await infer(await start({}, { timeoutMs: thrown ? 30_000 : 500 }));
  expect([answer.status, (await answer.json()).error]).toEqual([status, expect.stringMatching(reason)]);
});

test('with a token only health answers without it, and CORS is off unless an origin is given', async () => {
  const address = await start({ token, corsOrigin: 'https://example.org' });
  const withToken = (given: string) => infer(address, { authorization: `Bearer ${given}` });
  expect((await withToken(token)).status).toBe(200);
  for (const given of ['', `${token}x`, token.slice(1), 'wrong'])
    expect((await withToken(given)).status).toBe(401);
  for (const path of ['/v2', '/metrics', '/openapi.json', '/v2/models/tiny-encode/ready', '/nowhere']) {
    expect((await fetch(address + path)).status).toBe(401);
  }
  for (const state of ['live', 'ready'])
    expect((await fetch(`${address}/v2/health/${state}`)).status).toBe(200);
  const origin = { origin: 'https://example.org' };
  const header = 'access-control-allow-origin';
  expect((await fetch(`${address}/v2/health/live`, { headers: origin })).headers.get(header)).toBe(
    origin.origin,
  );
  const preflight = await fetch(`${address}/v2/models/tiny-encode/infer`, {
    method: 'OPTIONS',
    headers: { ...origin, 'access-control-request-method': 'POST' },
  });
  expect([preflight.status, preflight.headers.get(header)]).toEqual([204, origin.origin]);
  const closed = await start();
  expect((await fetch(`${closed}/v2/health/live`, { headers: origin })).headers.get(header)).toBeNull();
});

test('while it drains it is not ready and answers; then it refuses new requests and answers those under way', async () => {
  let end = () => {};
  hold = new Promise((resolve) => {
    end = resolve;
  });
  const address = await start();
  const { port } = new URL(address);
  const held = infer(address);
  const drained = apps.splice(0)[0];
  const idle = connect(Number(port), '127.0.0.1');
  idle.write('GET /v2 HTTP/1.1\r\nhost: localhost\r\n'); // not complete: it stays open
  while (!(await (await fetch(`${address}/metrics`)).text()).includes('under_way 1'));
  drained?.drain();
  const ready = await fetch(`${address}/v2/health/ready`);
  expect([ready.status, ready.headers.get('connection')]).toEqual([503, 'close']);
  expect((await fetch(`${address}/v2`)).status).toBe(200);
  const closing = drained?.app.close();
  const answer = new Promise<string>((resolve) => idle.once('data', (data) => resolve(String(data))));
  await new Promise(setImmediate);
  idle.write('\r\n');
  expect(await answer).toMatch(/^HTTP\/1.1 503 /);
  await expect(fetch(`${address}/v2/health/live`)).rejects.toThrow();
  end();
  expect((await held).status).toBe(200);
  await closing;
  idle.destroy();
});

test('a client that leaves stops its call', async () => {
  let stopped: () => void = () => {};
  const left = new Promise<void>((resolve) => {
    stopped = resolve;
  });
  const slow = {
    ...fake,
    encode: (_: unknown, { signal }: { signal: AbortSignal }) =>
      new Promise((_, reject) =>
        signal.addEventListener('abort', () => {
          stopped();
          reject(signal.reason);
        }),
      ),
  } as unknown as GlowModel;
  const address = await start({}, {}, slow);
  const request = httpRequest(`${address}/v2/models/tiny-encode/infer`, { method: 'POST' });
  request.on('error', () => {});
  request.end(JSON.stringify({ inputs: [x] }));
  while (!(await (await fetch(`${address}/metrics`)).text()).includes('under_way 1'));
  request.destroy();
  await left;
});

test('a client that takes nothing of its answer is cut off', async () => {
  const long = 'x'.repeat(2 ** 25); // more than the buffers of the system hold
  const talkative = { ...fake, score: async () => [{ long }] } as unknown as GlowModel;
  const address = await start({}, { timeoutMs: 1000 }, talkative);
  const { port } = new URL(address);
  const socket = connect(Number(port), '127.0.0.1').pause();
  socket.on('error', () => {});
  socket.write(
    `POST /models/tiny/score HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${png.length}\r\n\r\n`,
  );
  socket.write(png);
  const metrics = async () => (await fetch(`${address}/metrics`)).text();
  while (!(await metrics()).includes('under_way 1'));
  while (!(await metrics()).includes('under_way 0'));
  expect(await metrics()).toContain('call="score-pictures"');
  socket.destroy();
});

test('the OpenAPI document names every path and every status that the server gives', async () => {
  const document = await (
    await fetch(`${await start({ token })}/openapi.json`, {
      headers: { authorization: `Bearer ${token}` },
    })
  ).json();
  expect(Object.keys(document.paths).sort()).toEqual(
    [
      '/metrics',
      ...['decode', 'encode', 'reconstruct', 'sample', 'score'].map((call) => `/models/{model}/${call}`),
      ...['decode', 'encode', 'reconstruct', 'sample', 'score'].map(
        (c) => `/models/{model}/versions/{version}/${c}`,
      ),
      ...['/openapi.json', '/v2', '/v2/health/live', '/v2/health/ready'],
      ...['', '/infer', '/ready'].map((rest) => `/v2/models/{model}${rest}`),
      ...['', '/infer', '/ready'].map((rest) => `/v2/models/{model}/versions/{version}${rest}`),
    ].sort(),
  );
  const { post: inferDocs } = document.paths['/v2/models/{model}/infer'];
  expect(Object.keys(inferDocs.responses)).toEqual(
    expect.arrayContaining(['200', '400', '413', '429', '503']),
  );
  expect(document.components.securitySchemes).toEqual({ token: { type: 'http', scheme: 'bearer' } });
});
