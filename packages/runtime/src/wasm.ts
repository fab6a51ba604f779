import { createPlatform } from './browser/create-platform.js';
import { wasmBuild } from './browser/onnxruntime.js';
import { createDiagnose } from './create-diagnose.js';
import { createLoadGlow } from './load-glow.js';
import { createEstimateCost } from './model/estimate-cost.js';
import { createServeGlow } from './worker/serve.js';

/** For browsers without WebGPU: bundles include only the smaller build of ONNX Runtime. */
export * from './index.js';

const platform = /* @__PURE__ */ createPlatform(
  { wasm: wasmBuild },
  () => new Worker(new URL('./browser/wasm-worker.js', import.meta.url), { type: 'module' }),
);

/** `loadGlow` of the main entry, with this build. */
export const loadGlow = /* @__PURE__ */ createLoadGlow(platform);
/** `diagnose` of the main entry, with this build. */
export const diagnose = /* @__PURE__ */ createDiagnose(platform);
/** `estimateCost` of the main entry, with this build. */
export const estimateCost = /* @__PURE__ */ createEstimateCost(platform);
/** `serveGlow` of the main entry, with this build. */
export const serveGlow = /* @__PURE__ */ createServeGlow(platform);
