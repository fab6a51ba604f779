import type { Platform } from '../platform.js';
import { describeHost } from './describe-host.js';
import { openCache } from './folder-cache.js';
import { nodeCodec } from './images.js';
import { loadOnnxRuntime } from './onnxruntime.js';
import { openStore } from './open-store.js';
import { resources } from './resources.js';
import { sha256 } from './sha256.js';

export { openCache } from './folder-cache.js';

export const platform: Platform = {
  name: 'node',
  describeHost,
  resources,
  autoDevices: ['cuda', 'webgpu', 'cpu', 'wasm'],
  objectionTo: async (device) =>
    device === 'webgpu' ? 'experimental in Node; pass device: "webgpu" to use it' : undefined,
  loadOnnxRuntime,
  openStore,
  openCache,
  sha256,
  createCodec: nodeCodec,
  openWorker() {
    throw new TypeError(
      'loadGlow: the option worker is for browsers; in Node, load the model in a Worker of node:worker_threads',
    );
  },
};
