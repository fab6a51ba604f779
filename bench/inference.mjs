// images/s of models/faces in ONNX Runtime, everything included: node bench/inference.mjs
import { loadGlow } from '@glow-onnx/runtime';
import { machine, median } from './models.mjs';

console.log(machine());
const glow = await loadGlow('models/faces');
const images = await glow.sample({ count: 256, seed: 1 });
const results = [];
for (const count of [1, 16, 64, 256]) {
  const batch = images.slice(0, count);
  const { z } = await glow.encode(batch);
  results.push({
    images: count,
    'encode images/s': await speed(count, () => glow.encode(batch)),
    'decode images/s': await speed(count, () => glow.decode(z)),
  });
}
await glow.dispose();
console.table(results);

/** By the median of the runs of three seconds. */
async function speed(count, run) {
  const durations = [];
  for (const end = performance.now() + 3000; performance.now() < end; ) {
    const started = performance.now();
    await run();
    durations.push(performance.now() - started);
  }
  return Math.round((1000 * count) / median(durations));
}
