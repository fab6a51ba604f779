// Whether a model stays finite, and gets pictures back, where it was never trained: noise, checkers, one colour, saturated
// blocks, gradients, single pixels, other data sets and their negatives.
//
//     npm run eval:hostile -- --model models/fashion-mnist [--count 100000] [--device cpu|wasm] [--reconstruct 0.1]
//                             [--data FILE …] [--seed 1] [--json]
//
// --data adds a data set (a sheet, an IDX file, a folder) brought to the model's size, plain and as its negative. --reconstruct
// is the share of pictures that are decoded again. Classes take turns. One thread. It exits with 1 if any z or log p is
// not finite, or if anything else fails.
import { statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createRandom } from '@glow-onnx/flow/random';
import { openDataset } from '@glow-onnx/trainer';
import { integer } from '../models/options.mjs';

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    count: { type: 'string', default: '100000' },
    device: { type: 'string', default: 'cpu' },
    reconstruct: { type: 'string', default: '0.1' },
    data: { type: 'string', multiple: true, default: [] },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
if (!values.model) throw new Error('hostile: expected --model <folder>');
const count = integer(values, 'count');
const seed = integer(values, 'seed');
const share = Number(values.reconstruct);

if (!(share >= 0 && share <= 1)) {
  throw new RangeError(`hostile: --reconstruct: expected a number from 0 to 1, got ${values.reconstruct}`);
}

const { loadGlow, BatchError } = await import(
  values.device === 'wasm' ? '@glow-onnx/runtime/wasm' : '@glow-onnx/runtime/node'
);
const glow = await loadGlow(values.model, { device: values.device, threads: 1 });
const { height, width, channels, bits } = glow.config;
const dimensions = height * width * channels;
if (bits === 0) {
  throw new RangeError(
    `hostile: ${values.model} is a model of numbers, which takes no pictures; pass a model with 1 to 8 bits`,
  );
}

/** Draws one picture of a kind: `set` gets a function of row, column and channel to a value from 0 to 255. */
const kinds = {
  noise: (random) => picture(() => random.below(256)),
  'coarse noise': (random) => {
    const side = 2 + random.below(6);
    const cells = Uint8Array.from({ length: height * width * channels }, () => random.below(256));
    return picture((y, x, c) => cells[(Math.floor(y / side) * width + Math.floor(x / side)) * channels + c]);
  },
  'black and white noise': (random) => picture(() => 255 * random.below(2)),
  checkers: (random) => {
    const [side, a, b] = [1 + random.below(4), colour(random), colour(random)];
    return picture((y, x, c) => ((Math.floor(y / side) + Math.floor(x / side)) % 2 ? a : b)[c]);
  },
  stripes: (random) => {
    const [side, a, b] = [1 + random.below(4), colour(random), colour(random)];
    const upright = random.below(2) === 1;
    return picture((y, x, c) => (Math.floor((upright ? x : y) / side) % 2 ? a : b)[c]);
  },
  'one colour': (random) => {
    const a = colour(random);
    return picture((_y, _x, c) => a[c]);
  },
  'saturated blocks': (random) => {
    const [top, left] = [random.below(height), random.below(width)];
    const [a, b] = [0, 1].map(() => Array.from({ length: channels }, () => 255 * random.below(2)));
    return picture((y, x, c) => (y >= top && x >= left ? a : b)[c]);
  },
  gradients: (random) => {
    const corners = Array.from({ length: 3 }, () => colour(random));
    return picture((y, x, c) => {
      const [down, along] = [y / height, x / width];
      return (
        corners[0][c] * (1 - down) * (1 - along) + corners[1][c] * down + corners[2][c] * along * (1 - down)
      );
    });
  },
  'one pixel': (random) => {
    const [a, b, at] = [colour(random), colour(random), random.below(height * width)];
    return picture((y, x, c) => (y * width + x === at ? a : b)[c]);
  },
};
for (const path of values.data) {
  const data = await openDataset(path, statSync(path).isDirectory() ? { size: { height, width } } : {});
  const one = async (random) => (await data.images(Uint32Array.of(random.below(data.count))))[0];
  kinds[path.split('/').at(-1)] = one;
  kinds[`${path.split('/').at(-1)}, negative`] = async (random) => {
    const image = await one(random);
    return { ...image, data: image.data.map((value) => 255 - value) };
  };
}

function colour(random) {
  return Array.from({ length: channels }, () => random.below(256));
}

function picture(value) {
  const data = new Uint8Array(dimensions);
  for (let i = 0; i < dimensions; i++) {
    const pixel = Math.floor(i / channels);
    data[i] = value(Math.floor(pixel / width), pixel % width, i % channels);
  }
  return { data, height, width, channels };
}

const names = Object.keys(kinds);
if (count < names.length) {
  throw new RangeError(
    `hostile: --count: expected at least ${names.length}, one picture of each kind, got ${count}`,
  );
}
const results = [];
/** Pictures to decode that no batch has decoded yet: a fraction, which the next batch or kind adds to its own. */
let owed = 0;
for (const [k, name] of names.entries()) {
  const own = Math.floor(count / names.length) + (k < count % names.length ? 1 : 0);
  results.push(await examine(name, own, createRandom(seed, k)));
  if (!values.json) console.error(line(results.at(-1)));
}
await glow.dispose();

const notFinite = results.reduce((sum, row) => sum + row.notFinite, 0);
if (values.json)
  console.log(JSON.stringify({ model: values.model, device: values.device, count, seed, results }));
else console.log([heading(), ...results.map(line)].join('\n'));
process.exitCode = notFinite > 0 ? 1 : 0;

async function examine(name, own, random) {
  const row = { name, pictures: 0, notFinite: 0, most: -Infinity, decoded: 0, lost: 0, changed: 0 };
  while (row.pictures < own) {
    const images = [];
    while (images.length < Math.min(64, own - row.pictures)) images.push(await kinds[name](random));
    await encode(images, row);
    owed += images.length * share;
    const again = images.slice(0, Math.round(owed));
    owed -= again.length;
    if (again.length > 0) await decode(again, row);
    row.pictures += images.length;
  }
  return row;
}

/** A model with classes needs a label for each image: they take turns. */
function labelled(images) {
  const { classes } = glow.config;
  return classes > 0 ? { label: images.map((_, i) => i % classes) } : {};
}

async function encode(images, row) {
  const { z, logProb } = await glow.encode(images, labelled(images)).catch((error) => {
    const results = resultsOf(error);
    return { z: results.map((one) => one?.z), logProb: results.map((one) => one?.logProb ?? Number.NaN) };
  });
  for (const i of images.keys()) {
    const finite =
      z[i]?.levels.every(({ data }) => data.every(Number.isFinite)) && Number.isFinite(logProb[i]);
    if (!finite) row.notFinite++;
    else row.most = Math.max(row.most, bits - logProb[i] / dimensions / Math.LN2);
  }
}

/**
 * The results of a call that failed, undefined for images whose numbers are not finite. A call that fails for some
 * images has the results of the others in its error. A call of one image has no others.
 * @throws the error if an image failed for another reason.
 */
function resultsOf(error) {
  const [errors, results] =
    error instanceof BatchError ? [error.errors, error.results] : [[error], [undefined]];
  if (errors.every(isNotFinite)) return results;
  throw error;
}

/** The runtime has no class for such an error, but these words (packages/runtime/src/model/run-graphs.ts). */
function isNotFinite(error) {
  return error instanceof RangeError && /: the model gives (NaN|-?Infinity) in /.test(error.message);
}

async function decode(images, row) {
  const seen = await glow.prepare(images);
  const back = await glow.reconstruct(images, labelled(images)).catch(resultsOf);
  row.decoded += images.length;
  for (const [i, image] of seen.entries()) {
    if (!back[i]) row.lost++;
    else row.changed += image.data.reduce((sum, value, at) => sum + (value === back[i].data[at] ? 0 : 1), 0);
  }
}

function heading() {
  return '| | pictures | z or log p not finite | most bits/dim | decoded again | lost | values changed |\n|---|--:|--:|--:|--:|--:|--:|';
}

function line({ name, pictures, notFinite: bad, most, decoded, lost, changed }) {
  const bitsPerDim = most === -Infinity ? '–' : most.toFixed(1); // no picture was finite
  return `| ${name} | ${pictures} | ${bad} | ${bitsPerDim} | ${decoded} | ${lost} | ${changed} |`;
}
