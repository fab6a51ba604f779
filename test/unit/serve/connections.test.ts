import { connect, type Socket } from 'node:net';
import { encodePng, type GlowModel } from '@glow-onnx/runtime/node';
import { createApp } from '../../../packages/serve/src/app.js';
import { createBatcher } from '../../../packages/serve/src/batcher.js';
import { defaultLimits, type Limits, type ServeOptions } from '../../../packages/serve/src/options.js';
import { tinyConfig } from '../../support/tiny-config.js';

/** Clients of a server whose model computes nothing: those that leave, read slowly, or send what is no request. */
const picture = { data: new Uint8Array(8 * 8 * 3), width: 8, height: 8, channels: 3 };
const fake = {
  config: tinyConfig(),
  precision: 'fp32',
  sample: async () => [picture],
  score: async (images: readonly unknown[]) => images.map(() => ({ bitsPerDim: 1 })),
  encode: async (images: readonly unknown[]) => ({
    z: images.map(() => ({ levels: [] })),
    logProb: images.map(() => 0.5),
  }),
};

let app: Awaited<ReturnType<typeof createApp>>['app'];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await app.close();
});

interface Choices {
  readonly options?: ServeOptions;
  readonly limits?: Partial<Limits>;
  readonly model?: object;
  readonly name?: string;
  readonly host?: string;
}

async function start({ options = {}, limits = {}, model = {}, name = 'tiny', host }: Choices = {}) {
  const batcher = createBatcher({ calls: 1, maxBatch: 64, maxWaitMs: 0 });
  const served = [{ name, version: 1, model: { ...fake, ...model } as unknown as GlowModel, batcher }];
  ({ app } = await createApp(() => served, options, { ...defaultLimits, ...limits }));
  const address = await app.listen({ host: host ?? '127.0.0.1', port: 0 });
  return { address, port: Number(new URL(address).port) };
}

function open(port: number): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  sockets.push(socket);
  return socket;
}

/** The status and the JSON of an answer to this text, after which the server closes the connection. */
async function raw(port: number, text: string): Promise<[number, unknown]> {
  const socket = open(port);
  socket.write(text);
  let got = '';
  for await (const data of socket) got += data;
  const [head = '', body = ''] = got.split('\r\n\r\n');
  return [Number(head.split(' ')[1]), JSON.parse(body)];
}

const metricsOf = async (address: string) => (await fetch(`${address}/metrics`)).text();
const get = (path: string, host = 'localhost') => `GET ${path} HTTP/1.1\r\nhost: ${host}\r\n\r\n`;
const isError = { error: expect.any(String) };

test('requests that a client sent ahead end with its connection, with their work', async () => {
  const signals: AbortSignal[] = [];
  const sample = ({ signal }: { signal: AbortSignal }) => {
    signals.push(signal);
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  };
  const { address, port } = await start({ model: { sample } });
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
  const { address, port } = await start();
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
