import { glowOnnx } from './glow-onnx.js';

await glowOnnx(process.argv.slice(2));
