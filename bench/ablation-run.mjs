// One run of ablation.mjs: trains, or goes on with what was begun, then scores the test images.
import { existsSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { exportModel } from '@glow-onnx/exporter';
import { parseCheckpoint } from '@glow-onnx/flow';
import { loadGlow } from '@glow-onnx/runtime/node';
import { openDataset, train } from '@glow-onnx/trainer';

const { out, config, settings, data, limit } = JSON.parse(process.argv[2]);
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stop.abort());

// A run killed between two renames has only the one before.
const saved = ['last', 'previous'].map((name) => join(out, `${name}.safetensors`)).find(existsSync);
if (saved) await checkSame(saved);
const images = await openDataset(data.training, { limit });
const {
  ended,
  steps,
  images: seen,
} = await train({
  start: saved ? 'resume' : { config },
  data: images,
  out,
  settings,
  threads: 1,
  force: true, // where there is nothing to go on with, such as what was killed at its very start
  signal: stop.signal,
});
await images.close();
if (ended !== 'epochs') process.exit();

const model = join(out, 'model');
await rm(model, { recursive: true, force: true });
await exportModel(parseCheckpoint(await readFile(join(out, 'best.safetensors'))), { out: model });
const glow = await loadGlow(model, { device: 'cpu', threads: 1 });
const test = await openDataset(data.test);
const scores = await glow.bitsPerDim(
  await test.images(Uint32Array.from({ length: test.count }, (_, i) => i)),
  { draws: 1, seed: 1 },
);
const bitsPerDim = scores.reduce((sum, score) => sum + score, 0) / scores.length;
const { user, system } = process.cpuUsage();
const result = {
  bitsPerDim,
  testImages: scores.length,
  steps,
  images: seen,
  ...(saved ? {} : { processorSeconds: (user + system) / 1e6 }), // of a run in pieces nobody knows
};
await writeFile(join(out, 'result.json.part'), JSON.stringify({ ...result, config, settings, limit }));
await rename(join(out, 'result.json.part'), join(out, 'result.json'));
await rm(model, { recursive: true });
console.error(`${out}: ${bitsPerDim.toFixed(4)} bits/dim on ${scores.length} test images`);
process.exit(); // a training's session keeps threads alive

/** @throws Error if the run was begun with another model or other settings. */
async function checkSame(path) {
  const before = await readFile(path)
    .then(parseCheckpoint)
    .catch(() => undefined); // damaged: `train` says so, and goes on from the one before
  const wanted = { ...before?.progress?.settings, ...settings };
  if (
    !before ||
    (isDeepStrictEqual(before.config, config) && isDeepStrictEqual(before.progress.settings, wanted))
  )
    return;
  throw new Error(`ablation: ${out} is a run of another size or other settings; pass another --out`);
}
