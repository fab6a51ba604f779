// The share of a training step that ranks spend on adding up their gradients. It needs koffi and Open MPI:
//   mpirun -n 2 node bench/ranks.mjs [--steps 5] [--doc docs/many-machines.md]
// Every rank computes on one thread. With --doc, the document gets the table, between its marks; else it is printed.
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { createConfig, createGlow, initialParams } from '@glow-onnx/flow';
import { openMpi } from '@glow-onnx/trainer';
import { table } from '../models/tables.mjs';
import { openDifferentiator } from '../packages/trainer/dist/assembly/open-differentiator.js';
import { flatten, parameterLayout } from '../packages/trainer/dist/engine/parameters.js';
import { acrossRanks } from '../packages/trainer/dist/ranks/across-ranks.js';
import { machine } from './models.mjs';
import { aroundPart, writePart } from './written-part.mjs';

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '5' },
    doc: { type: 'string' },
  },
});
const steps = Number(values.steps);
const command = 'bench/ranks.mjs';
if (values.doc) aroundPart(values.doc, command); // says now, and not after minutes, what it lacks
const small = { steps: 8, hiddenChannels: 128 };
const large = { steps: 32, hiddenChannels: 512 };
/** Models, and the images of each rank. */
const cases = [
  [small, 16],
  [small, 8],
  [large, 2],
];
const [load1] = loadavg();

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

const rows = [];
for (const [model, batch] of cases) {
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
    const millions = `${(parameters.length / 1e6).toFixed(1)} million`;
    const share = `${((100 * sum) / step).toFixed(1)} %`;
    rows.push([millions, batch, `${step.toFixed(2)} s`, `${(1000 * sum).toFixed(1)} ms`, share]);
    console.error(rows.at(-1).join(', '));
  }
  await shared.dispose();
}
if (ranks.rank === 0) {
  const head = ['parameters', 'images of each rank', 'gradient of a step', 'of it, the sum', 'share'];
  const part = [
    `\`mpirun -n ${ranks.size} node ${command} --doc docs/many-machines.md\` on ${machine()}; load of the machine at the start:`,
    `${load1.toFixed(1)}. Images of 3×32×32, ${ranks.size} ranks on one machine, one thread each; medians of ${steps} steps.\n`,
    table('r', head, rows),
  ].join('\n');
  if (values.doc) writePart(values.doc, command, part);
  else console.log(part);
}
ranks.finalize();
