import { createPlatform } from './browser/create-platform.js';
import { webgpuBuild } from './browser/onnxruntime.js';
import { createDiagnose } from './create-diagnose.js';
import { createLoadGlow } from './load-glow.js';
import { createEstimateCost } from './model/estimate-cost.js';
import { createServeGlow } from './worker/serve.js';

/** One build of ONNX Runtime for both devices of a browser. */
export * from './index.js';

const platform = /* @__PURE__ */ createPlatform(
  { webgpu: webgpuBuild, wasm: webgpuBuild },
  () => new Worker(new URL('./browser/webgpu-worker.js', import.meta.url), { type: 'module' }),
);

/** `loadGlow` of the main entry, with this build. */
export const loadGlow = /* @__PURE__ */ createLoadGlow(platform);
/** `diagnose` of the main entry, with this build. */
export const diagnose = /* @__PURE__ */ createDiagnose(platform);
/** `estimateCost` of the main entry, with this build. */
export const estimateCost = /* @__PURE__ */ createEstimateCost(platform);
/** `serveGlow` of the main entry, with this build. */
export const serveGlow = /* @__PURE__ */ createServeGlow(platform);
