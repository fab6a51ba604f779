import { connect, type Socket } from 'node:net';
import type { GlowModel } from '@glow-onnx/runtime/node';
import type { FastifyInstance } from 'fastify';
import { createApp } from '../../../packages/serve/src/app.js';
import { createBatcher } from '../../../packages/serve/src/batcher.js';
import { defaultLimits, type Limits, type ServeOptions } from '../../../packages/serve/src/options.js';
import { tinyConfig } from '../../support/tiny-config.js';

export const picture = { data: new Uint8Array(8 * 8 * 3), width: 8, height: 8, channels: 3 };
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

interface Choices {
  readonly options?: ServeOptions;
  readonly limits?: Partial<Limits>;
  /** Calls of the model in place of those that compute nothing. */
  readonly model?: object;
  readonly name?: string;
  readonly host?: string;
}

const apps: FastifyInstance[] = [];
const sockets: Socket[] = [];

/** A server whose model computes nothing. */
export async function startFake({
  options = {},
  limits = {},
  model = {},
  name = 'tiny',
  host,
}: Choices = {}) {
  const batcher = createBatcher({ calls: 1, maxBatch: 64, maxWaitMs: 0 });
  const served = [{ name, version: 1, model: { ...fake, ...model } as unknown as GlowModel, batcher }];
  const { app } = await createApp(() => served, options, { ...defaultLimits, ...limits });
  apps.push(app);
  const address = await app.listen({ host: host ?? '127.0.0.1', port: 0 });
  return { app, address, port: Number(new URL(address).port) };
}

/** Ends the connections and the servers of a test. */
export async function endFakes(): Promise<void> {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(apps.splice(0).map((app) => app.close()));
}

export function open(port: number): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  sockets.push(socket);
  return socket;
}

/** The status and the JSON of an answer to this text, after which the server closes the connection. */
export async function raw(port: number, text: string): Promise<[number, unknown]> {
  const socket = open(port);
  socket.write(text);
  let got = '';
  for await (const data of socket) got += data;
  const [head = '', body = ''] = got.split('\r\n\r\n');
  return [Number(head.split(' ')[1]), JSON.parse(body)];
}
