// The script that `worker: true` starts. Bundlers find it by its address in platform.ts.
import { createServeGlow } from '../worker/serve.js';
import { createPlatform } from './create-platform.js';
import { wasmBuild, webgpuBuild } from './onnxruntime.js';

createServeGlow(createPlatform({ webgpu: webgpuBuild, wasm: wasmBuild }))();
