// Prints the bytes that a gradient takes at its peak beyond an opened session: memory-process.mjs full|reversible K.
import { readFileSync } from 'node:fs';
import { createConfig, createGlow, createRandom, initialParams } from '@glow-onnx/flow';
import { flatten, parameterLayout } from '../../../packages/trainer/dist/engine/parameters.js';
import { openOnnxRuntimeDifferentiator } from '../../../packages/trainer/dist/onnxruntime/onnxruntime-differentiator.js';

const [memory, steps] = process.argv.slice(2);
const count = 64;
const config = createConfig({
  ...{ channels: 3, height: 32, width: 32, levels: 1, steps: Number(steps), hiddenChannels: 64, bits: 5 },
});
const glow = createGlow(config);
const params = initialParams(glow, 1);
const layout = parameterLayout(glow);
const parameters = flatten(layout, params.trainable);
const random = createRandom(2);
const x = Float32Array.from({ length: count * 3072 }, () => random.uniform() - 0.5);
const differentiator = await openOnnxRuntimeDifferentiator(glow, params.fixed, {
  device: 'cpu',
  count,
  memory,
});
const before = process.memoryUsage().rss;
await differentiator.gradient(parameters, { count, x });
console.log(peak() - before);
await differentiator.dispose();

/** Not resourceUsage's maxRSS on Linux: there a process inherits that of the one that started it. */
function peak() {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(kilobytes) * 1024;
}
