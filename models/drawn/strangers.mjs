// How the scores tell held-out faces from other pictures.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createRandom, shuffle } from '@glow-onnx/flow/random';
import { writeFileAtomic } from '@glow-onnx/runtime/internal-node';
import { loadGlow } from '@glow-onnx/runtime/node';
import { openDataset } from '@glow-onnx/trainer';
import sharp from 'sharp';
import { auroc } from '../../bench/auroc.mjs';
import { replaceTable, table } from '../tables.mjs';

const count = 300;

/**
 * Prints the table of scores: what `strangers.mjs [--write]` of a model does.
 * @param folder of the model, with the sheet faces.json of square faces that it has not seen
 * @param page whose table of the same header `--write` renews
 */
export async function compareStrangers({ folder, page }) {
  const data = await openDataset(join(folder, 'faces.json'), { limit: count });
  const faces = await data.images(Uint32Array.from({ length: count }, (_, i) => i));
  const glow = await loadGlow(folder);
  const scores = [['held-out faces', await glow.score(faces)]];
  try {
    for (const [name, images] of Object.entries(await strangersOf(glow, faces))) {
      scores.push([name, await glow.score(images)]);
    }
  } finally {
    await glow.dispose();
  }
  const report = reportOf(scores);
  console.log(report);
  if (process.argv.includes('--write')) {
    await writeFileAtomic(page, replaceTable(await readFile(page, 'utf8'), report));
  }
}

/** Pictures that are no faces, or no faces as drawn. @returns name → images */
async function strangersOf(glow, faces) {
  const random = createRandom(1);
  const { height: side } = faces[0];
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
    Uint8Array.from({ length: (side / 4) ** 2 }, (_, i) => i),
    random,
  );
  return {
    'samples of the model': await glow.sample({ count, seed: 2 }),
    'samples at temperature 0.7': await glow.sample({ count, seed: 2, temperature: 0.7 }),
    'samples at temperature 0.3': await glow.sample({ count, seed: 2, temperature: 0.3 }),
    'faces, colours inverted': faces.map((face) => ({ ...face, data: face.data.map((v) => 255 - v) })),
    'faces, half the contrast': faces.map((face) => ({ ...face, data: face.data.map((v) => 64 + v / 2) })),
    'faces, upside down': moved((x, y) => [x, side - 1 - y]),
    'faces, mirrored': moved((x, y) => [side - 1 - x, y]),
    'faces, 4×4 patches shuffled': moved((x, y) => {
      const across = side / 4;
      const patch = patches[(y >> 2) * across + (x >> 2)];
      return [(patch % across) * 4 + (x & 3), Math.floor(patch / across) * 4 + (y & 3)];
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
      const [r, g, b] = [random.below(16), random.below(16), random.below(16)].map((v) => (16 * v) / side);
      return picture((x, y, c) => [r * x, g * y, b * ((x + y) / 2)][c]);
    }),
    'uniform noise': many(() => picture(() => random.below(256))),
    ...(await fashion(side, picture)),
  };
}

/** Fashion-MNIST as Debian's dataset-fashion-mnist installs it, if it does. */
async function fashion(side, picture) {
  const path = '/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz';
  const file = await readFile(path).catch(() => undefined);
  if (!file) return {};
  const bytes = gunzipSync(file).subarray(16);
  const resized = Array.from({ length: count }, async (_, i) => {
    const raw = { width: 28, height: 28, channels: 1 };
    const image = sharp(bytes.subarray(i * 784, (i + 1) * 784), { raw }).resize(side, side);
    const { data: pixels, info } = await image.raw().toBuffer({ resolveWithObject: true });
    return picture((x, y) => pixels[(y * side + x) * info.channels]);
  });
  return { [`Fashion-MNIST, ${side}×${side}`]: await Promise.all(resized) };
}

/** @param scores [name, scores of images], those of faces first. @returns a Markdown table */
function reportOf(scores) {
  const [[faces, known], ...strangers] = scores;
  const rows = [row(faces, known, '', '', '')];
  for (const [name, strange] of strangers) {
    const above = (of) => auroc(strange.map(of), known.map(of)).toFixed(2);
    rows.push(
      row(
        name,
        strange,
        above(({ bitsPerDim }) => bitsPerDim),
        above(({ typicality }) => -typicality),
        above(({ excess }) => excess),
      ),
    );
  }
  const header = [
    ...['images', 'bits/dim', 'complexity', 'excess', 'typicality < 0.05'],
    ...['AUROC bits/dim', 'AUROC typicality', 'AUROC excess'],
  ];
  return table('lr', header, rows);
}

function row(name, scores, ...cells) {
  return [
    ...[name, median(scores, 'bitsPerDim'), median(scores, 'complexity'), median(scores, 'excess')],
    ...[untypical(scores), ...cells],
  ];
}

/** The middle one: a few pictures have astronomic bits/dim. */
function median(scores, name) {
  const value = scores.map((score) => score[name]).sort((a, b) => a - b)[scores.length >> 1];
  return Math.abs(value) < 1000 ? value.toFixed(2) : value.toExponential(0);
}

function untypical(scores) {
  return `${Math.round((100 * scores.filter(({ typicality }) => typicality < 0.05).length) / scores.length)} %`;
}
