// What the evaluation restores: pictures that no model was trained on, what is hidden of them, and plain measures.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createRandom } from '@glow-onnx/flow/random';
import { openDataset } from '@glow-onnx/trainer';

/** The models, with the first of their test pictures. Rates and steps were chosen on pictures from 6,000 and 16,000 on. */
export const sets = {
  faces: { model: 'models/pixel-faces', first: 1000, others: 4000 },
  clothes: { model: 'models/fashion-mnist', first: 1000, others: 4000 },
};
/** Pictures whose mean fills holes. */
const otherCount = 1000;

const centre = (y, x, side) => y >= side / 4 && y < (3 * side) / 4 && x >= side / 4 && x < (3 * side) / 4;
const half = (_y, _x, _side, uniform) => uniform() < 0.5;

/** One row of a table each. */
export const cases = [
  hole('faces', 'left', 'left half', (_, x) => x < 8),
  hole('faces', 'random', 'half of the pixels, at random', half),
  hole('faces', 'eyes', 'rows 6 to 8 of 0 to 15, the lower half of the eyes', (y) => y >= 6 && y < 9),
  hole('faces', 'all-eyes', 'rows 5 to 7 of 0 to 15, all of the eyes', (y) => y >= 5 && y < 8),
  hole('faces', 'centre', '8×8 in the centre', centre),
  hole('clothes', 'centre', '14×14 in the centre', centre),
  hole('clothes', 'lower', 'lower half', (y) => y >= 14),
  hole('clothes', 'random', 'half of the pixels, at random', half),
  noise('faces', 0.1),
  noise('faces', 0.2),
  noise('clothes', 0.1),
  noise('clothes', 0.2),
  ...['faces', 'clothes'].map((set) => ({
    id: `${set}/enlarge`,
    set,
    task: 'enlarge',
    label: 'half the size',
  })),
  ...['faces', 'clothes'].map((set) => ({
    id: `${set}/samples`,
    set,
    task: 'samples',
    label: 'centre',
    isUnknown: centre,
  })),
];

function hole(set, name, label, isUnknown) {
  return { id: `${set}/${name}`, set, task: 'inpaint', label, isUnknown };
}

function noise(set, sigma) {
  return { id: `${set}/noise-${sigma}`, set, task: 'denoise', label: `noise of ${sigma}`, sigma };
}

/** The test pictures of a set at the bits of its model, and the mean of others. */
export async function openPictures(set, glow, count, clothes) {
  const { first, others } = sets[set];
  const of = set === 'faces' ? await facesFrom('models/pixel-faces/faces.json') : clothesFrom(clothes);
  const pictures = await glow.prepare(await of(first, count));
  const rest = await of(others, otherCount);
  const mean = pictures[0].data.map((_, i) =>
    Math.round(rest.reduce((sum, { data }) => sum + data[i], 0) / rest.length),
  );
  return { pictures, mean };
}

async function facesFrom(path) {
  const data = await openDataset(join(import.meta.dirname, '../..', path));
  return (first, count) => data.images(Uint32Array.from({ length: count }, (_, i) => first + i));
}

function clothesFrom(folder) {
  const bytes = gunzipSync(readFileSync(join(folder, 't10k-images-idx3-ubyte.gz'))).subarray(16);
  return (first, count) =>
    Array.from({ length: count }, (_, i) => {
      const data = Uint8Array.from(bytes.subarray((first + i) * 784, (first + i + 1) * 784));
      return { data, height: 28, width: 28, channels: 1 };
    });
}

/** The mask of picture i: 255 where unknown. */
export function maskOf({ isUnknown }, { height, width }, i) {
  const { uniform } = createRandom(1, i);
  const data = Uint8Array.from({ length: height * width }, (_, at) =>
    isUnknown(Math.floor(at / width), at % width, width, uniform) ? 255 : 0,
  );
  return { data, height, width, channels: 1 };
}

/** Picture i with normal noise, cut to the range. */
export function noisyOf({ sigma }, picture, i) {
  const { normal } = createRandom(2, i);
  const data = picture.data.map((value) =>
    Math.min(255, Math.max(0, Math.round(value + 255 * sigma * normal()))),
  );
  return { ...picture, data };
}

/** The means of blocks of 2×2. */
export function halved({ data, height, width, channels }) {
  const [rows, columns] = [height / 2, width / 2];
  const means = Uint8Array.from({ length: rows * columns * channels }, (_, i) => {
    const [pixel, c] = [Math.floor(i / channels), i % channels];
    const [y, x] = [2 * Math.floor(pixel / columns), 2 * (pixel % columns)];
    const at = (dy, dx) => data[((y + dy) * width + x + dx) * channels + c];
    return Math.round((at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4);
  });
  return { data: means, height: rows, width: columns, channels };
}

/** A picture with the hole filled from another one. */
export function filled(picture, mask, from) {
  const data = picture.data.map((value, i) =>
    mask.data[Math.floor(i / picture.channels)] === 255 ? from[i] : value,
  );
  return { ...picture, data };
}

/** Peak signal-to-noise ratio in dB, in the hole if there is one; at most 60. */
export function psnr(picture, truth, mask) {
  let [sum, count] = [0, 0];
  for (const [i, value] of picture.data.entries()) {
    if (mask && mask.data[Math.floor(i / picture.channels)] === 0) continue;
    sum += ((value - truth.data[i]) / 255) ** 2;
    count++;
  }
  return -10 * Math.log10(Math.max(sum / count, 1e-6));
}
