// How the scores tell held-out faces from other pictures: the table of docs/anomaly-detection.md.
//   node models/faces/strangers.mjs                prints it
//   node models/faces/strangers.mjs --write        and renews it there
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { createRandom, shuffle } from '@glow-onnx/flow/random';
import { writeFileAtomic } from '@glow-onnx/runtime/internal-node';
import { loadGlow } from '@glow-onnx/runtime/node';
import { openDataset } from '@glow-onnx/trainer';
import sharp from 'sharp';
import { auroc } from '../../bench/auroc.mjs';
import { replaceTable, table } from './tables.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const side = 16;
const count = 300;
const random = createRandom(1);

const glow = await loadGlow(here);
const data = await openDataset(join(here, 'faces.json'), { limit: count }); // the model has seen none of them
const faces = await data.images(Uint32Array.from({ length: count }, (_, i) => i));
const known = await glow.score(faces);

const picture = (pixelAt) => {
  const pixels = Uint8Array.from({ length: side * side * 3 }, (_, i) =>
    pixelAt(Math.floor(i / 3) % side, Math.floor(i / (3 * side)), i % 3),
  );
  return { data: pixels, height: side, width: side, channels: 3 };
};
const many = (make) => Array.from({ length: count }, (_, i) => make(i));
/** A face seen through a change of places. */
const moved = (placeOf) =>
  faces.map(({ data: pixels }) =>
    picture((x, y, c) => {
      const [fromX, fromY] = placeOf(x, y);
      return pixels[(fromY * side + fromX) * 3 + c];
    }),
  );
const patches = shuffle(
  Uint8Array.from({ length: 16 }, (_, i) => i),
  random,
);

const strangers = {
  'samples of the model': await glow.sample({ count, seed: 2 }),
  'samples at temperature 0.7': await glow.sample({ count, seed: 2, temperature: 0.7 }),
  'samples at temperature 0.3': await glow.sample({ count, seed: 2, temperature: 0.3 }),
  'faces, colours inverted': faces.map((face) => ({ ...face, data: face.data.map((v) => 255 - v) })),
  'faces, half the contrast': faces.map((face) => ({ ...face, data: face.data.map((v) => 64 + v / 2) })),
  'faces, upside down': moved((x, y) => [x, side - 1 - y]),
  'faces, mirrored': moved((x, y) => [side - 1 - x, y]),
  'faces, 4×4 patches shuffled': moved((x, y) => {
    const patch = patches[(y >> 2) * 4 + (x >> 2)];
    return [(patch % 4) * 4 + (x & 3), (patch >> 2) * 4 + (y & 3)];
  }),
  'mean of two faces': many((i) => ({
    ...faces[i],
    data: faces[i].data.map((v, k) => (v + faces[(i + 1) % count].data[k]) >> 1),
  })),
  'one colour': many(() => {
    const colour = [random.below(256), random.below(256), random.below(256)];
    return picture((_x, _y, c) => colour[c]);
  }),
  'colour gradients': many(() => {
    const [r, g, b] = [random.below(16), random.below(16), random.below(16)];
    return picture((x, y, c) => [r * x, g * y, b * ((x + y) / 2)][c]);
  }),
  'uniform noise': many(() => picture(() => random.below(256))),
  ...(await fashion()),
};

/** Fashion-MNIST as Debian's dataset-fashion-mnist installs it, if it does. */
async function fashion() {
  const path = '/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz';
  const file = await readFile(path).catch(() => undefined);
  if (!file) return {};
  const bytes = gunzipSync(file).subarray(16);
  const resized = many(async (i) => {
    const raw = { width: 28, height: 28, channels: 1 };
    const image = sharp(bytes.subarray(i * 784, (i + 1) * 784), { raw }).resize(side, side);
    const { data: pixels, info } = await image.raw().toBuffer({ resolveWithObject: true });
    return picture((x, y) => pixels[(y * side + x) * info.channels]);
  });
  return { 'Fashion-MNIST, 16×16': await Promise.all(resized) };
}

const told = (strange, of) => auroc(strange.map(of), known.map(of)).toFixed(2);
/** The middle one: a few pictures have astronomic bits/dim. */
const median = (scores, name) => {
  const value = scores.map((score) => score[name]).sort((a, b) => a - b)[scores.length >> 1];
  return Math.abs(value) < 1000 ? value.toFixed(2) : value.toExponential(0);
};
const untypical = (scores) =>
  `${Math.round((100 * scores.filter(({ typicality }) => typicality < 0.05).length) / scores.length)} %`;
const row = (name, scores, ...cells) => [
  ...[name, median(scores, 'bitsPerDim'), median(scores, 'complexity'), median(scores, 'excess')],
  ...[untypical(scores), ...cells],
];

const rows = [row('held-out faces', known, '', '', '')];
for (const [name, images] of Object.entries(strangers)) {
  const scores = await glow.score(images);
  rows.push(
    row(
      name,
      scores,
      told(scores, ({ bitsPerDim }) => bitsPerDim),
      told(scores, ({ typicality }) => -typicality),
      told(scores, ({ excess }) => excess),
    ),
  );
}
await glow.dispose();

const report = table(
  [
    ...['images', 'bits/dim', 'complexity', 'excess', 'typicality < 0.05'],
    ...['AUROC bits/dim', 'AUROC typicality', 'AUROC excess'],
  ],
  rows,
);
console.log(report);
if (process.argv.includes('--write')) {
  const page = join(here, '../../docs/anomaly-detection.md');
  await writeFileAtomic(page, replaceTable(await readFile(page, 'utf8'), report));
}
