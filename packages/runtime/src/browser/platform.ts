import { createPlatform } from './create-platform.js';
import { wasmBuild, webgpuBuild } from './onnxruntime.js';

export { openCache } from './browser-cache.js';

export const platform = /* @__PURE__ */ createPlatform(
  { webgpu: webgpuBuild, wasm: wasmBuild },
  // In this form bundlers find the script.
  () => new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }),
);
