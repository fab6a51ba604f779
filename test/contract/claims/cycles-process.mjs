/**
 * Loads, runs and disposes of a model many times, and prints the memory after each time, in KiB: what the process holds
 * (`resident`), and what JavaScript holds after a collection (`heap`).
 *
 *     node --expose-gc cycles-process.mjs FOLDER DEVICE CYCLES [keep]
 *
 * With `keep` nothing is disposed of: what a leak looks like.
 */
import { loadGlow } from '@glow-onnx/runtime';

const [folder, device, cycles, keep] = process.argv.slice(2);
const [resident, heap, kept] = [[], [], []];
for (let cycle = 0; cycle < Number(cycles); cycle++) {
  const model = await loadGlow(folder, { device });
  await model.reconstruct(await model.sample({ count: 2, seed: cycle }));
  if (keep) kept.push(model);
  else await model.dispose();
  globalThis.gc();
  const { rss, heapUsed } = process.memoryUsage();
  resident.push(rss / 1024);
  heap.push(heapUsed / 1024);
}
console.log(JSON.stringify({ resident, heap }));
