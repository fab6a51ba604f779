import { loadGlow } from '@glow-onnx/runtime/node';
import { openFisher } from './fisher.mjs';
import { principalComponents } from './principal.mjs';
import { modelRows, pixelRows } from './rows.mjs';

const latents = {
  kind: 'z',
  open: withGlow(async (glow, pictures) =>
    (await glow.encode(pictures)).z.map(({ levels }) =>
      Float32Array.from(levels.flatMap(({ data }) => [...data])),
    ),
  ),
};
const activations = {
  kind: 'features',
  open: withGlow(async (glow, pictures) => (await glow.features(pictures)).map(({ data }) => data)),
};
const scores = { kind: 'fisher', open: openFisher };

/**
 * What is compared, in the order of the table. `rows` gives, of the open sets, a row for each picture of a set.
 * A set is { train, test } of pictures, and `made(model, what, set)` computes or reads what a model makes of them.
 */
export const representations = [
  { name: 'pixels', rows: async ({ pictures }) => pixelRows(pictures) },
  {
    name: '100 principal components of pixels',
    rows: async ({ pictures, training }) => {
      const map = await principalComponents(pixelRows(training), 100);
      return map(pixelRows(pictures));
    },
  },
  { name: 'z', rows: ({ made }) => made('trained', latents) },
  { name: 'finer level of z', rows: async ({ made }) => halfOf(await made('trained', latents), 0) },
  { name: 'coarser level of z', rows: async ({ made }) => halfOf(await made('trained', latents), 1) },
  { name: 'Fisher features', rows: ({ made }) => made('trained', scores) },
  {
    name: 'means of the untrained flow',
    rows: async ({ made }) => means(await made('untrained', activations)),
  },
  { name: 'features of the untrained flow', rows: ({ made }) => made('untrained', activations) },
  { name: 'means', rows: async ({ made }) => means(await made('trained', activations)) },
  { name: '**features**', rows: ({ made }) => made('trained', activations) },
  {
    name: 'features and pixels',
    rows: async ({ pictures, made }) => {
      const pixels = pixelRows(pictures);
      return (await made('trained', activations)).map((row, i) => joined(row, pixels[i]));
    },
  },
];

/** The rows of a representation for the pictures of one set. */
export function openRows({ rows }, { pictures, set, training, folders, out }) {
  const made = (model, what) =>
    modelRows(pictures, set, { ...what, folder: folders[model], out: `${out}/${model}` });
  return rows({ pictures, training, made });
}

/** What a loaded model makes of pictures. */
function withGlow(describe) {
  return async (folder) => {
    const glow = await loadGlow(folder, { device: 'cpu', threads: 1 });
    return (pictures) => describe(glow, pictures);
  };
}

/** Over the whole picture instead of its quarters. */
function means(rows) {
  return rows.map((row) =>
    Float32Array.from({ length: row.length / 4 }, (_, i) => {
      const [a, b, c, d] = row.subarray(4 * i, 4 * i + 4);
      return (a + b + c + d) / 4;
    }),
  );
}

/** Both levels of models/fashion-mnist have as many numbers. */
function halfOf(rows, part) {
  return rows.map((row) => row.slice((part * row.length) / 2, ((part + 1) * row.length) / 2));
}

function joined(a, b) {
  const both = new Float32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
