// The script that `worker: true` starts for webgpu.ts.
import { createServeGlow } from '../worker/serve.js';
import { createPlatform } from './create-platform.js';
import { webgpuBuild } from './onnxruntime.js';

createServeGlow(createPlatform({ webgpu: webgpuBuild, wasm: webgpuBuild }))();
