import type { Platform } from '../platform.js';
import type { Device } from '../session.js';
import { canvasCodec } from './images.js';
import { loadOnnxRuntime, objectionTo, type WebBuilds } from './onnxruntime.js';
import { urlStore } from './url-store.js';

/** A browser with these builds of ONNX Runtime, the preferred device's first. A bundler packs no other. */
export function createPlatform(builds: WebBuilds): Platform {
  return {
    name: 'browser',
    autoDevices: Object.keys(builds) as Device[],
    objectionTo,
    loadOnnxRuntime: (device, options) => loadOnnxRuntime(builds, device, options),
    openStore: urlStore,
    createCodec: canvasCodec,
  };
}
