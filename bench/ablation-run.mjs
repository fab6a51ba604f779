// One run of ablation.mjs: trains, or goes on with what was begun, then scores the test images.
import { existsSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exportModel } from '@glow-onnx/exporter';
import { parseCheckpoint } from '@glow-onnx/flow';
import { loadGlow } from '@glow-onnx/runtime/node';
import { openDataset, train } from '@glow-onnx/trainer';

const { out, config, settings, data, limit } = JSON.parse(process.argv[2]);
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stop.abort());

const began = existsSync(join(out, 'last.safetensors'));
const images = await openDataset(data.training, { limit });
const {
  ended,
  steps,
  images: seen,
} = await train({
  start: began ? 'resume' : { config },
  data: images,
  out,
  settings,
  threads: 1,
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
  processorSeconds: (user + system) / 1e6,
};
await writeFile(join(out, 'result.json.part'), JSON.stringify({ ...result, config, settings, limit }));
await rename(join(out, 'result.json.part'), join(out, 'result.json'));
await rm(model, { recursive: true });
console.error(`${out}: ${bitsPerDim.toFixed(4)} bits/dim on ${scores.length} test images`);
process.exit(); // a training's session keeps threads alive
