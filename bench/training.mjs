// images/s of training, per configuration and backend: node bench/training.mjs [--seconds 20] [--only faces] [--backend wasm]
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { createConfig } from '@glow-onnx/flow';
import { machine } from './models.mjs';
import { trainingSpeed } from './training-speed.mjs';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    only: { type: 'string' },
    backend: { type: 'string', default: '' },
  },
});
const cases = [
  { name: 'faces: 3×16×16, K=12, hidden 96', channels: 3, side: 16, steps: 12, hidden: 96, batch: 32 },
  { name: '1×32×32, K=8, hidden 64', channels: 1, side: 32, steps: 8, hidden: 64, batch: 64 },
  { name: '3×32×32, K=8, hidden 128', channels: 3, side: 32, steps: 8, hidden: 128, batch: 32 },
].filter(({ name }) => !values.only || name.includes(values.only));
const backends = [
  { name: 'wasm, 1 thread', device: 'wasm', threads: 1 },
  { name: `wasm, ${availableParallelism()} threads`, device: 'wasm', threads: availableParallelism() },
  { name: 'cpu', device: 'cpu', threads: 1 }, // minutes a step
].filter(({ name }) => name.includes(values.backend));

console.log(machine());
const results = [];
for (const { name, channels, side, steps, hidden, batch } of cases) {
  const shape = { channels, height: side, width: side, levels: 3, steps, hiddenChannels: hidden };
  for (const { name: backend, device, threads } of backends) {
    const seconds = Number(values.seconds);
    const speed = await trainingSpeed({ config: createConfig(shape), batch, seconds, device, threads });
    results.push({
      model: name,
      backend,
      'images/s': Number.isNaN(speed) ? 'no second step in time' : Number(speed.toPrecision(3)),
    });
    console.error(Object.values(results.at(-1)).join('  ')); // as they come
  }
}
console.table(results);
