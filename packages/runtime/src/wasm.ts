import { createPlatform } from './browser/create-platform.js';
import { wasmBuild } from './browser/onnxruntime.js';
import { createDiagnose } from './diagnose.js';
import { createLoadGlow } from './load-glow.js';
import { createServeGlow } from './worker/serve.js';

/** For browsers without WebGPU: of ONNX Runtime's builds only the smaller one gets into the bundle. */
export * from './index.js';

const platform = /* @__PURE__ */ createPlatform(
  { wasm: wasmBuild },
  () => new Worker(new URL('./browser/wasm-worker.js', import.meta.url), { type: 'module' }),
);

export const loadGlow = /* @__PURE__ */ createLoadGlow(platform);
export const diagnose = /* @__PURE__ */ createDiagnose(platform);

export const serveGlow = /* @__PURE__ */ createServeGlow(platform);
