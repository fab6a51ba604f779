import type { Platform } from '../platform.js';
import { folderStore } from './folder-store.js';
import { sharpCodec } from './images.js';
import { loadOnnxRuntime } from './onnxruntime.js';

export { encodePng } from './images.js';

export const platform: Platform = {
  name: 'node',
  autoDevices: ['cuda', 'webgpu', 'cpu', 'wasm'],
  objectionTo: async (device) =>
    device === 'webgpu' ? 'experimental in Node; pass device: "webgpu" to use it' : undefined,
  loadOnnxRuntime,
  openStore: folderStore,
  createCodec: ({ maxPixels }) => sharpCodec(maxPixels),
};
