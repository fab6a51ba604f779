// Numbers that describe each picture of Fashion-MNIST: pixels, or what a model makes of them, kept in files.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { exportModel } from '@glow-onnx/exporter';
import { createGlow, float64Ops, initialise, initialParams, tensor } from '@glow-onnx/flow';

const size = 784;
const perFile = 1000;
const files = { train: 'train', test: 't10k' };

/** Pictures and labels of a set. */
export function readSet(folder, set, count) {
  const read = (name) => gunzipSync(readFileSync(join(folder, `${files[set]}-${name}-ubyte.gz`)));
  const pixels = read('images-idx3').subarray(16);
  const labels = read('labels-idx1').subarray(8, 8 + count);
  return { count, pixels, labels };
}

/** Rows of pixels from 0 to 1. */
export function pixelRows({ pixels, count }) {
  return rowsOf(
    Float32Array.from(pixels.subarray(0, count * size), (value) => value / 255),
    size,
  );
}

/**
 * Rows that a model gives, from files of 1,000 in `out`. A file that is missing is computed, and written as a whole.
 * @param open (folder) → a function of pictures that gives a Float32Array for each
 */
export async function modelRows({ pixels, count }, set, { folder, out, kind, open }) {
  mkdirSync(out, { recursive: true });
  let describe;
  const rows = [];
  for (let first = 0; first < count; first += perFile) {
    const path = join(out, `${kind}-${files[set]}-${String(first / perFile).padStart(2, '0')}.f32`);
    if (!existsSync(path)) {
      describe ??= await open(folder);
      const pictures = Array.from({ length: perFile }, (_, i) => ({
        data: Uint8Array.from(pixels.subarray((first + i) * size, (first + i + 1) * size)),
        ...{ height: 28, width: 28, channels: 1 },
      }));
      const found = await describe(pictures);
      const all = new Float32Array(found.length * found[0].length);
      found.forEach((row, i) => {
        all.set(row, i * row.length);
      });
      writeFileSync(`${path}.part`, new Uint8Array(all.buffer));
      renameSync(`${path}.part`, path);
      console.error(path);
    }
    const { buffer, byteOffset, byteLength } = readFileSync(path);
    const numbers = new Float32Array(buffer, byteOffset, byteLength / 4);
    rows.push(...rowsOf(numbers, numbers.length / perFile));
  }
  return rows.slice(0, count);
}

/** The model before its first step: random weights, normalised on the first 64 training pictures. Exported once. */
export async function untrained({ config }, { pixels }, out) {
  if (existsSync(join(out, 'manifest.json'))) return out;
  const glow = createGlow(config);
  const params = initialParams(glow, 1);
  const x = Float64Array.from(pixels.subarray(0, 64 * size), (value) => (value + 0.5) / 256 - 0.5);
  const trainable = initialise(glow, float64Ops, tensor([64, 1, 28, 28], x), params);
  await exportModel({ config, params: { ...params, trainable }, initialised: true }, { out });
  return out;
}

function rowsOf(numbers, length) {
  return Array.from({ length: numbers.length / length }, (_, i) =>
    numbers.subarray(i * length, (i + 1) * length),
  );
}
