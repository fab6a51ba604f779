import type { Platform } from '../platform.js';
import { canvasCodec, encodePng } from './images.js';
import { loadOnnxRuntime, objectionTo } from './onnxruntime.js';
import { urlStore } from './url-store.js';

export const platform: Platform = {
  name: 'browser',
  autoDevices: ['webgpu', 'wasm'],
  objectionTo,
  loadOnnxRuntime,
  openStore: urlStore,
  createCodec: canvasCodec,
  encodePng,
};
