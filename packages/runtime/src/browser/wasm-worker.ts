// The script that `worker: true` starts for wasm.ts.
import { createServeGlow } from '../worker/serve.js';
import { createPlatform } from './create-platform.js';
import { wasmBuild } from './onnxruntime.js';

createServeGlow(createPlatform({ wasm: wasmBuild }))();
