import { availableParallelism } from 'node:os';
import type { Platform } from '../platform.js';
import { describeHost } from './describe-host.js';
import { openCache } from './folder-cache.js';
import { nodeCodec } from './images.js';
import { loadOnnxRuntime } from './onnxruntime.js';
import { openStore } from './open-store.js';
import { nodePortability } from './portability.js';
import { openParent, startProcess } from './process-worker.js';
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
  openStore: async (source, network) => openStore(source, network),
  openCache,
  sha256,
  createCodec: nodeCodec,
  startWorker: startProcess,
  // ONNX Runtime takes all cores by default. Several workers share them.
  threadsEach: (workers) =>
    workers > 1 ? Math.max(1, Math.floor(availableParallelism() / workers)) : undefined,
  createPortability: nodePortability,
  openParent,
};
