// A step of the optimiser in JavaScript and as a graph on ONNX Runtime, ms by the clock and of the processor:
//
//     node bench/update.mjs [--size 44000000] [--threads 2] [--seconds 10]
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { openGraphUpdate } from '../packages/trainer/dist/engine/graph-update.js';
import { norm, scales, updates } from '../packages/trainer/dist/engine/optimizer.js';
import { interleave, machine, median, processorTime, wallTime } from './models.mjs';

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '44000000' },
    threads: { type: 'string', default: String(availableParallelism()) },
    seconds: { type: 'string', default: '10' },
  },
});
const [size, threads, seconds] = [values.size, values.threads, values.seconds].map(Number);
const filled = (value) => new Float32Array(size).fill(value);
const learned = { parameters: filled(0.1), average: filled(0.1), m: filled(0.01), v: filled(0.01) };
const { average, ...bare } = learned;
const gradient = filled(0.02);
const numbers = scales.adam({ rate: 1e-3, factor: 0.5, step: 1000, decay: 0.999 });
const { update, close } = await openGraphUpdate('adam', { threads, average: true });
const runs = {
  JavaScript: () => updates.adam(learned, gradient, numbers),
  'JavaScript without average': () => updates.adam(bare, gradient, numbers),
  'ONNX Runtime': () => update(learned, gradient, numbers),
  'norm, JavaScript': () => norm(gradient),
};
console.log(`${machine()}; ${size.toLocaleString('en')} parameters, Adam with average; ${threads} threads`);
for (const [name, clock] of Object.entries({ clock: wallTime, processor: processorTime })) {
  const rounds = await interleave(Object.values(runs), seconds / 2, clock);
  const found = Object.keys(runs).map((run, i) => `${run} ${median(rounds.map((r) => r[i])).toFixed(0)}`);
  console.log(`ms of the ${name}: ${found.join(', ')}`);
}
await close();
