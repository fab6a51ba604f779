// The share of a training step that ranks spend on adding up their gradients. It needs koffi and Open MPI:
//   mpirun -n 2 node bench/ranks.mjs [--batch 16] [--steps 5]
// --batch: images of each rank. Every rank computes on one thread.
import { parseArgs } from 'node:util';
import { createConfig, createGlow, initialParams } from '@glow-onnx/flow';
import { openMpi } from '@glow-onnx/trainer';
import { openDifferentiator } from '../packages/trainer/dist/assembly/open-differentiator.js';
import { flatten, parameterLayout } from '../packages/trainer/dist/engine/parameters.js';
import { acrossRanks } from '../packages/trainer/dist/ranks/across-ranks.js';

const { values } = parseArgs({
  options: {
    batch: { type: 'string', default: '16' },
    steps: { type: 'string', default: '5' },
    only: { type: 'string' },
  },
});
const [batch, steps] = [Number(values.batch), Number(values.steps)];
const models = {
  '1.7 million': { steps: 8, hiddenChannels: 128 },
  '44 million': { steps: 32, hiddenChannels: 512 },
};

const ranks = openMpi();
/** The same ranks, which note the seconds of their sums. */
const noted = [];
const timed = {
  ...ranks,
  async sum(numbers) {
    const start = performance.now();
    await ranks.sum(numbers);
    if (numbers instanceof Float32Array) noted.push((performance.now() - start) / 1000);
  },
};
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

for (const [name, model] of Object.entries(models)) {
  if (values.only && values.only !== name) continue;
  const config = createConfig({ channels: 3, height: 32, width: 32, levels: 3, ...model });
  const glow = createGlow(config);
  const { trainable, fixed } = initialParams(glow, 1);
  const options = { engine: 'onnxruntime', device: 'cpu', threads: 1 };
  const local = await openDifferentiator(glow, fixed, { batch, accumulate: 1 }, options);
  const shared = acrossRanks(local, timed);
  const x = Float32Array.from({ length: batch * 3 * 32 * 32 }, (_, i) => ((i * 7919) % 256) / 256 - 0.5);
  const parameters = await shared.initialise(flatten(parameterLayout(glow), trainable), { count: batch, x });
  const seconds = [];
  for (let step = 0; step <= steps; step++) {
    await ranks.max(0); // all begin together
    const start = performance.now();
    await shared.gradient(parameters, { count: batch, x });
    if (step > 0) seconds.push((performance.now() - start) / 1000);
  }
  // A sum of a rank that came early is the time that it waited, and not the time of the sum. So nobody is early here.
  noted.length = 0;
  const gradient = new Float32Array(parameters.length);
  for (let i = 0; i <= steps; i++) {
    await ranks.max(0);
    await timed.sum(gradient);
  }
  const [step, sum] = [median(seconds), median(noted.slice(1))];
  if (ranks.rank === 0) {
    const share = ((100 * sum) / step).toFixed(1);
    console.log(
      `${name} (${parameters.length}), ${ranks.size} ranks × ${batch} images: gradient ${step.toFixed(3)} s, ` +
        `of which the sum ${(1000 * sum).toFixed(1)} ms, ${share} %`,
    );
  }
  await shared.dispose();
}
ranks.finalize();
