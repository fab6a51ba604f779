// images/s of training, per configuration and backend: node bench/training.mjs [--seconds 20] [--only faces]
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createConfig, createRandom } from '@glow-onnx/flow';
import { train } from '@glow-onnx/trainer';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '20' }, only: { type: 'string' } },
});
const cases = [
  { name: 'faces: 3×16×16, K=12, hidden 96', channels: 3, side: 16, steps: 12, hidden: 96, batch: 32 },
  { name: '1×32×32, K=8, hidden 64', channels: 1, side: 32, steps: 8, hidden: 64, batch: 64 },
  { name: '3×32×32, K=8, hidden 128', channels: 3, side: 32, steps: 8, hidden: 128, batch: 32 },
].filter(({ name }) => !values.only || name.includes(values.only));
const backends = [
  { name: 'wasm, 1 thread', device: 'wasm', threads: 1 },
  { name: `wasm, ${availableParallelism()} threads`, device: 'wasm', threads: availableParallelism() },
  { name: 'cpu', device: 'cpu', threads: 1 },
];

console.log(`${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${cpus()[0].model}`);
const out = await mkdtemp(join(tmpdir(), 'glow-bench-'));
const results = [];
try {
  for (const { name, channels, side, steps, hidden, batch } of cases) {
    const config = createConfig({
      channels,
      height: side,
      width: side,
      levels: 3,
      steps,
      hiddenChannels: hidden,
    });
    for (const { name: backend, device, threads } of backends) {
      const durations = []; // of steps, the first left out: it initialises
      let before;
      await train({
        start: { config },
        data: noise(channels, side, 40 * batch),
        out,
        force: true,
        settings: { batch, epochs: 1000, valFraction: 1 / (40 * batch) },
        device,
        threads,
        timeBudgetMinutes: Number(values.seconds) / 60,
        onProgress({ phase, step }) {
          const now = performance.now();
          if (phase === 'training' && step > 1 && before !== undefined) durations.push(now - before);
          before = now;
        },
      });
      const speed =
        durations.length > 0 ? round((1000 * batch) / median(durations)) : 'no second step in time';
      results.push({ model: name, backend, 'images/s': speed });
    }
  }
} finally {
  await rm(out, { recursive: true });
}
console.table(results);

/** Pictures of noise: speed does not depend on what they show. */
function noise(channels, side, count) {
  const size = channels * side * side;
  const random = createRandom(1);
  const pixels = Uint8Array.from({ length: size }, () => random.below(256));
  const batch = (indices) => {
    const images = new Uint8Array(indices.length * size);
    for (let i = 0; i < indices.length; i++) images.set(pixels, i * size);
    return images;
  };
  return { name: 'noise', count, channels, height: side, width: side, batch, skipped: [] };
}

function median(numbers) {
  return numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

function round(value) {
  return Number(value.toPrecision(3));
}
