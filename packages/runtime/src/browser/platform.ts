import { createPlatform } from './create-platform.js';
import { wasmBuild, webgpuBuild } from './onnxruntime.js';

export { openCache } from './browser-cache.js';

export const platform = /* @__PURE__ */ createPlatform(
  { webgpu: webgpuBuild, wasm: wasmBuild },
  // Bundlers find the script of the worker by this form.
  () => new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }),
);
