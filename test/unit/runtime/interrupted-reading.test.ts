import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { diagnose } from '@glow-onnx/runtime';
import { info } from '../../../packages/runtime/src/cli/info.js';

/** Begins a manifest and never ends it, but sends enough to count as alive. */
let server: Server;
let address: string;
beforeAll(async () => {
  server = createServer((_, response) => {
    const timer = setInterval(() => response.write(' '.repeat(100)), 20);
    response.on('close', () => clearInterval(timer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/model/`;
});
afterAll(() => server.close());

test.each([
  ['info', (signal: AbortSignal) => info(address, signal)],
  ['diagnose', (signal: AbortSignal) => diagnose({ model: address, signal })],
])('%s stops reading a slow model when it is aborted', async (_, read) => {
  const abort = new AbortController();
  const reason = new Error('enough');
  setTimeout(() => abort.abort(reason), 100);
  await expect(read(abort.signal)).rejects.toThrow('enough');
});
