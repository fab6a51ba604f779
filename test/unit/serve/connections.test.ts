import type { Socket } from 'node:net';
import { encodePng } from '@glow-onnx/runtime/node';
import { endFakes, open, picture, raw, startFake } from './fake-server.js';

/** Clients that leave, read slowly, or send what is no request. */
afterEach(endFakes);

const metricsOf = async (address: string) => (await fetch(`${address}/metrics`)).text();
const get = (path: string, host = 'localhost') => `GET ${path} HTTP/1.1\r\nhost: ${host}\r\n\r\n`;
const isError = { error: expect.any(String) };

test('requests that a client sent ahead end with its connection, with their work', async () => {
  const signals: AbortSignal[] = [];
  const sample = ({ signal }: { signal: AbortSignal }) => {
    signals.push(signal);
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  };
  const { address, port } = await startFake({ model: { sample } });
  const warnings: Error[] = [];
  const warn = (warning: Error) => warnings.push(warning);
  process.on('warning', warn);
  const socket = open(port);
  socket.write(get('/models/tiny/sample').repeat(20));
  while (!(await metricsOf(address)).includes('under_way 20'));
  socket.destroy();
  while (!(await metricsOf(address)).includes('under_way 0'));
  expect(signals.map(({ aborted }) => aborted)).toEqual(signals.map(() => true));
  expect(await metricsOf(address)).toContain('requests_waiting{model="tiny:1"} 0');
  process.off('warning', warn);
  expect(warnings).toEqual([]);
});

test('a connection that stays open keeps nothing of the requests that it had', async () => {
  const { app, address, port } = await startFake();
  const connected = new Promise<Socket>((resolve) => app.server.once('connection', resolve));
  const socket = open(port);
  const ours = await connected;
  const before = ours.listenerCount('close');
  for (let i = 0; i < 3; i++) {
    socket.write(get('/models/tiny/sample'));
    await new Promise((resolve) => socket.once('data', resolve));
  }
  while (!(await metricsOf(address)).includes('under_way 0'));
  expect(ours.listenerCount('close')).toBe(before);
});

test('a picture of few bytes and many pixels is refused at once, unless a limit of pixels is given', async () => {
  let calls = 0;
  const counted = async (images: readonly unknown[]) => {
    calls++;
    return images.map(() => picture);
  };
  const png = async (side: number) =>
    new Uint8Array(
      await encodePng({ data: new Uint8Array(side * side), width: side, height: side, channels: 1 }),
    );
  const [own, large] = [await png(8), await png(24)]; // 9 times the pixels: 72 passes in a score, 18 in a reconstruction
  const model = { score: counted, reconstruct: counted };
  const { address } = await startFake({ model });
  const ask = (path: string, body: BodyInit) =>
    fetch(`${address}/models/tiny/${path}`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'image/png' },
    });
  for (const fit of ['none', 'resize', 'crop', 'pad', 'nothing']) {
    const answer = await ask(`score?fit=${fit}`, large);
    expect([answer.status, await answer.json()]).toEqual([413, isError]);
  }
  expect(calls).toBe(0);
  for (const [path, body] of [
    ['score?fit=none', own],
    ['score', large],
    ['score?fit=cover', large],
    ['reconstruct?fit=none', large],
  ] as const) {
    expect((await ask(path, body)).status).toBe(200);
  }
  expect((await ask('reconstruct?fit=none', await png(46))).status).toBe(413); // 66 passes
  const { address: wide } = await startFake({ model, options: { maxPixels: 2 ** 20 } });
  const answer = await fetch(`${wide}/models/tiny/score?fit=none`, { method: 'POST', body: large });
  expect(answer.status).toBe(200);
});

test('a batch that is too large is refused before it is cut into images', async () => {
  const { address } = await startFake();
  const cuts = jest.spyOn(Float32Array.prototype, 'subarray');
  const shape = [100_000, 3, 1, 1];
  const x = { name: 'x', datatype: 'FP32', shape, parameters: { binary_data_size: 1_200_000 } };
  const json = Buffer.from(JSON.stringify({ inputs: [x] }));
  const answer = await fetch(`${address}/v2/models/tiny-encode/infer`, {
    method: 'POST',
    body: new Uint8Array(Buffer.concat([json, Buffer.alloc(1_200_000)])),
    headers: { 'inference-header-content-length': String(json.length) },
  });
  expect([answer.status, await answer.json()]).toEqual([413, isError]);
  expect(cuts.mock.calls.length).toBeLessThan(100);
  cuts.mockRestore();
});

test('a client that takes its answer slowly is cut off', async () => {
  const long = 'x'.repeat(2 ** 26); // at most 64 kB each 4 ms: more than 4 s
  const model = { score: async () => [{ long }] };
  const { address, port } = await startFake({ model, limits: { timeoutMs: 1000 } });
  const png = await encodePng(picture);
  const socket = open(port);
  socket.write(
    `POST /models/tiny/score HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${png.length}\r\n\r\n`,
  );
  socket.write(png);
  let got = 0;
  socket.on('data', (data) => {
    got += data.length;
    socket.pause();
    setTimeout(() => socket.resume(), 4);
  });
  await new Promise((resolve) => socket.once('close', resolve));
  expect(got).toBeGreaterThan(0);
  expect(got).toBeLessThan(long.length);
  expect(await metricsOf(address)).toContain('under_way 0');
});

test('at loopback without a token, the host must be this machine', async () => {
  const ask = async (port: number, host: string) =>
    (await raw(port, `GET /v2 HTTP/1.1\r\nconnection: close\r\nhost: ${host}\r\n\r\n`))[0];
  const { port } = await startFake();
  for (const host of [
    'localhost',
    'LOCALHOST:8000',
    `127.0.0.1:${port}`,
    '127.8.9.10',
    '[::1]',
    '[::1]:80',
  ]) {
    expect([host, await ask(port, host)]).toEqual([host, 200]);
  }
  const others = [
    'evil.example',
    `evil.example:${port}`,
    '127.0.0.1.evil.example',
    'localhost.evil',
    '1.2.3.4',
  ];
  for (const host of [...others, '[::2]', '127.0.0.1:80@evil', '']) {
    expect([host, await ask(port, host)]).toEqual([host, 421]);
  }
  for (const path of ['/metrics', '/v2/health/live', '/nowhere', '/models/tiny/sample']) {
    const text = `GET ${path} HTTP/1.1\r\nconnection: close\r\nhost: evil.example\r\n\r\n`;
    expect(await raw(port, text)).toEqual([421, isError]);
  }
  const { port: open } = await startFake({ host: '0.0.0.0' });
  expect(await ask(open, 'my.host')).toBe(200);
  const { port: guarded } = await startFake({ options: { token: 'a-token-of-24-characters' } });
  expect(await ask(guarded, 'my.host')).toBe(401);
});

test('models with the longest name there may be have all their paths', async () => {
  const name = 'n'.repeat(100);
  const { address } = await startFake({ name });
  for (const path of [`/v2/models/${name}-encode-gradient`, `/models/${name}/sample`]) {
    expect((await fetch(address + path)).status).toBe(200);
  }
});

test.each([
  [414, `GET /v2/models/${'a'.repeat(200)} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`],
  [400, 'GET /%zz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n'],
  [400, 'GET /v2/models/%ff/ready HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n'],
  [400, 'no HTTP at all\r\n\r\n'],
  [400, 'GET /v2 HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n'],
  [431, `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n\r\n`],
  [408, 'GET /v2 HTTP/1.1\r\nhost:'],
])('an answer %i to what no route sees says its error as JSON', async (status, text) => {
  const { port } = await startFake({ limits: { timeoutMs: 1000 } });
  expect(await raw(port, text)).toEqual([status, isError]);
});

test('the log has no headers', async () => {
  const lines: string[] = [];
  const write = jest.spyOn(process.stderr, 'write').mockImplementation((line) => {
    lines.push(String(line));
    return true;
  });
  try {
    const { address } = await startFake({ options: { logLevel: 'info' } });
    const headers = { authorization: 'secret-1', 'accept-version': 'secret-2', 'x-secret': 'secret-3' };
    await fetch(`${address}/v2`, { headers });
    const { req } = lines.map((line) => JSON.parse(line)).find(({ req }) => req);
    const remotePort = expect.any(Number);
    expect(req).toEqual({ method: 'GET', url: '/v2', remoteAddress: '127.0.0.1', remotePort });
    expect(lines.join('')).not.toContain('secret');
  } finally {
    write.mockRestore();
  }
});
