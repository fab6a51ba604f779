// From images to a running Glow: train, export, encode, decode, sample, interpolate.
//
//   npm run quickstart                      about three minutes on two cores
//   npm run quickstart -- --seconds 10      a shorter training, for a first look and for tests

import { mkdir, readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { exportModel } from '@glow-onnx/exporter';
import { createConfig, parseCheckpoint } from '@glow-onnx/flow';
import { openDataset, splitBySeed, train } from '@glow-onnx/trainer';
import { explore } from './explore.mjs';
import { trainingBar } from './progress.mjs';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '110' }, out: { type: 'string', default: 'out' } },
});
const seconds = Number(values.seconds);
if (!(seconds > 0)) throw new RangeError(`--seconds: expected a positive number, got ${values.seconds}`);
const folders = { run: `${values.out}/quickstart-run`, model: `${values.out}/quickstart-model` };
await mkdir(values.out, { recursive: true });

// 1. Train. Each level of a Glow squeezes space into channels, mixes them, and splits off half of them.
const data = await openDataset('models/pixel-faces/faces.json');
const { channels, height, width } = data;
const config = createConfig({ channels, height, width, levels: 3, steps: 6, hiddenChannels: 64, bits: 5 });
const settings = {
  seed: 1,
  valFraction: 0.01,
  batch: 32,
  epochs: 1000,
  timeBudgetMinutes: seconds / 60,
  warmup: 50,
};
console.log(
  `Training a small Glow on ${data.count} faces of ${data.width}×${data.height}, ${config.bits} bits`,
);
const bar = trainingBar(seconds);
const trained = await train({
  start: { config },
  data,
  settings,
  out: folders.run,
  force: true,
  onProgress: bar.update,
}).finally(bar.stop);
const { before, best } = trained.bitsPerDim;
console.log(
  `  held-out faces: ${before.toFixed(2)} bits/dim before, ${best.toFixed(2)} after ${trained.images} images ` +
    `at ${Math.round(trained.imagesPerSecond)} images/s\n`,
);

// 2. Export: a graph to encode, a graph to decode, and the weights that both share.
console.log('Exporting to ONNX');
const checkpoint = parseCheckpoint(await readFile(`${folders.run}/best.safetensors`));
const { measured, files } = await exportModel(checkpoint, { out: folders.model, force: true });
const size = files.reduce((sum, { bytes }) => sum + bytes, 0);
console.log(`  ${folders.model}, ${(size / 1e6).toFixed(1)} MB`);
for (const { claim, value } of measured) console.log(`  ${claim}: ${value}`);

// 3. Run the model on faces that it has not been trained on.
const { validation } = splitBySeed(data.count, settings.valFraction, settings.seed);
const faces = await data.images(validation.subarray(0, 64));
await explore('The small model', folders.model, faces, values.out, '');

// 4. The same with a model of larger faces that was trained for longer.
const larger = await openDataset('models/faces/faces.json');
const unseen = await larger.images(Uint32Array.from({ length: 64 }, (_, i) => i));
await explore('The trained model of models/faces', 'models/faces', unseen, values.out, 'trained-');
console.log(
  `\nLook at ${values.out}/trained-samples.png first. More samples: npx glow-onnx sample ${folders.model} --out mine.png`,
);
