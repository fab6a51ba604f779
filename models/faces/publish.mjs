// From a training run to this model folder: graphs, pictures and card.
//   node models/faces/publish.mjs runs/faces

import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exportModel } from '@glow-onnx/exporter';
import { parseCheckpoint } from '@glow-onnx/flow';
import { binToPixel, pixelToBin } from '@glow-onnx/flow/pixels';
import { imageGrid, loadGlow, writePng } from '@glow-onnx/runtime/node';
import { openDataset, splitBySeed } from '@glow-onnx/trainer';

const here = dirname(fileURLToPath(import.meta.url));
const run = process.argv[2];
if (!run) throw new Error('publish: expected the folder of a training run');
const checkpoint = parseCheckpoint(await readFile(join(run, 'best.safetensors')));
const { valFraction, seed } = checkpoint.progress.settings;

// Exported beside, then copied: this folder also holds the data.
const work = await mkdtemp(join(tmpdir(), 'faces-'));
try {
  await exportModel(checkpoint, { out: join(work, 'model'), license: 'MIT' });
  await rm(join(here, 'onnx'), { recursive: true, force: true });
  await cp(join(work, 'model'), here, { recursive: true });
} finally {
  await rm(work, { recursive: true });
}

const data = await openDataset(join(here, 'faces.json'));
const faces = await data.images(splitBySeed(data.count, valFraction, seed).validation);

const glow = await loadGlow(here);
const { bits } = glow.config;
const scores = await glow.bitsPerDim(faces, { draws: 8, seed: 1 });
const bitsPerDim = scores.reduce((sum, score) => sum + score, 0) / scores.length;

const bins = (images) => images.map((image) => image.data.map((pixel) => pixelToBin(pixel, bits)));
const decoded = await glow.reconstruct(faces);
const expected = bins(faces);
const wrong = bins(decoded).reduce(
  (sum, image, i) => sum + image.reduce((count, bin, k) => count + (bin === expected[i][k] ? 0 : 1), 0),
  0,
);

const strip = async (i) => glow.interpolate(faces[i], faces[i + 1], { steps: 12 });
const shown = faces.slice(0, 12).map((face, i) => ({
  ...face,
  data: expected[i].map((bin) => binToPixel(bin, bits)),
}));
const samples = await glow.sample({ count: 96, temperature: 0.8, seed: 7 });
const ways = [...(await strip(0)), ...(await strip(2)), ...(await strip(4)), ...(await strip(6))];
for (const [name, images] of Object.entries({
  samples,
  reconstructions: [...shown, ...decoded.slice(0, 12)],
  interpolation: ways,
})) {
  await writePng(join(here, `${name}.png`), imageGrid(images, { columns: 12, scale: 4, gap: 4 }));
}

const { training, measured, files } = glow.manifest;
const { levels, steps, hiddenChannels, coupling, prior } = glow.config;
const megabytes = files
  .filter(({ path }) => path.startsWith('onnx/'))
  .reduce((sum, file) => sum + file.bytes / 1e6, 0);
const round = (value, digits = 2) => value.toFixed(digits);
const thousands = (value) => value.toLocaleString('en-US');
const [frontMatter = ''] = /^---\n.*?\n---\n\n?/s.exec(await readFile(join(here, 'README.md'), 'utf8')) ?? [];
await writeFile(
  join(here, 'README.md'),
  `${frontMatter}# faces

A Glow of 16×16 avatar faces, ${bits} bits per colour channel. Small enough for a web page (${round(megabytes, 1)} MB), trained by this project's own trainer.

![Samples](samples.png)

*96 samples at temperature 0.8, seed 7, none left out; enlarged four times without smoothing.*

| | |
|---|---|
| data | ${thousands(data.count)} generated faces, [DATA.md](DATA.md); CC0 1.0 |
| split | ${thousands(training.trainingImages)} to train, ${thousands(training.validationImages)} held out, seed ${seed} |
| model | L = ${levels}, K = ${steps}, hidden ${hiddenChannels}, coupling \`${coupling}\`, prior \`${prior}\`; [config.json](config.json) |
| trained on | ${thousands(training.images)} images, ${thousands(training.steps)} steps, ${round(training.epochs, 1)} passes, in ${Math.round(training.seconds / 60)} minutes on two shared CPU cores (${training.engine}) |
| held-out faces | **${round(bitsPerDim)} bits/dim** (mean of ${thousands(faces.length)} faces, 8 dequantisation draws each) |
| round trip | ${wrong} of ${thousands(faces.length * data.height * data.width * data.channels)} held-out pixel values differ after encode and decode |
| licence | graphs and weights MIT, faces CC0 1.0 |

## Reconstructions

![Reconstructions](reconstructions.png)

*Above held-out faces as the model sees them, below what encoding and decoding made of them: the same pixels.*

## Interpolations

![Interpolations](interpolation.png)

*Straight lines between the latents of two held-out faces, the ends included.*

## Exactness

ONNX Runtime (CPU, float32) against a float64 computation, measured at export:

| | measured | at most |
|---|---|---|
${measured.map(({ claim, value, tolerance }) => `| ${claim} | ${value} | ${tolerance} |`).join('\n')}

## Made by

\`\`\`sh
npx glow-train --data models/faces/faces.json --out runs/faces --levels 3 --steps 12 --hidden 96 --bits 5 --batch 32 --epochs 100 --lr 1e-3 --val-fraction 0.05 --seed 1 --device wasm --time-budget 32
npx glow-train --data models/faces/faces.json --out runs/faces --resume --lr 3e-4 --device wasm --time-budget 9
npx glow-train --data models/faces/faces.json --out runs/faces --resume --lr 1e-4 --device wasm --time-budget 4
node models/faces/publish.mjs runs/faces
\`\`\`

A time budget is no seed: another machine sees another number of images. The first 32 minutes ran on one thread, the rest on two, with other work going on beside them.

What it is not: a model of people. The attributes of a drawn character vary independently in the data, and the model knows nothing else. Samples at temperature 1 stray more often than those at 0.8.
`,
);
console.log(
  `${round(bitsPerDim, 3)} bits/dim held out, ${wrong} pixel values differ, ${round(megabytes, 2)} MB`,
);
await glow.dispose();
