import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { AdvisedError, compareNames, readWholeFile } from '@glow-onnx/runtime/internal-node';
import { readBytes } from './byte-reader.js';
import { type DatasetOptions, type LoadedImages, pickEvenly } from './dataset.js';
import { createPixelWriter } from './pixel-store.js';
import { checkRegularFile } from './regular-file.js';

const SIDE = 32;
const CLASSES = 10;
/** Bytes of the longest file of class names. */
const maxNames = 2 ** 16;
/** A label, then 1024 red, 1024 green and 1024 blue values. */
const RECORD_BYTES = 1 + 3 * SIDE * SIDE;

/** The training files of CIFAR-10 in a folder, in order. Empty if it is another folder. */
export async function findCifar(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => /^data_batch_\d+\.bin$/.test(name));
  return names.sort(compareNames).map((name) => join(folder, name));
}

/**
 * Reads the binary version of CIFAR-10, with its labels as the attribute `label`: words if batches.meta.txt is beside
 * the files, else digits.
 * @throws Error if a file has an incomplete record or an unknown label; RangeError if `size` is not 32×32.
 */
export async function readCifar(
  path: string,
  files: readonly string[],
  options: DatasetOptions,
): Promise<LoadedImages> {
  const { size = { height: SIDE, width: SIDE }, channels = 3 } = options;
  if (size.height !== SIDE || size.width !== SIDE) {
    throw new AdvisedError(
      `data: ${path} has images of ${SIDE}×${SIDE}, expected ${size.height}×${size.width}`,
      'size',
      'leave out --size',
    );
  }
  const counts = await Promise.all(files.map(countRecords));
  const pick = pickEvenly(
    counts.reduce((sum, count) => sum + count, 0),
    options.limit,
  );
  const pixels = createPixelWriter(RECORD_BYTES - 1, options.maxBytes);
  const indices: number[] = [];
  try {
    let at = 0;
    for (const [f, file] of files.entries()) {
      const bytes = await readBytes(file);
      for (let i = 0; i < counts[f]; i++) {
        options.signal?.throwIfAborted();
        const record = await bytes.take(RECORD_BYTES);
        if (record[0] >= CLASSES) {
          throw new Error(
            `data: ${file}: image ${i} has label ${record[0]}, expected 0 to 9; pass the binary version of CIFAR-10`,
          );
        }
        if (!pick(at++)) continue;
        indices.push(record[0]);
        await pixels.add(interleave(record.subarray(1)));
      }
    }
    const label = { values: await classNames(dirname(files[0])), indices: Uint16Array.from(indices) };
    const name = basename(resolve(path));
    return { name, ...size, channels, storedChannels: 3, pixels: await pixels.finish(), labels: { label } };
  } catch (error) {
    await pixels.discard();
    throw error;
  }
}

async function countRecords(file: string): Promise<number> {
  const { size } = await stat(file);
  if (size > 0 && size % RECORD_BYTES === 0) return size / RECORD_BYTES;
  throw new Error(
    `data: ${file} has ${size} bytes, expected a multiple of ${RECORD_BYTES}, as in the binary version of CIFAR-10; ` +
      'download it again, or pass another file',
  );
}

/** Three planes of a channel each → pixels of three channels. */
function interleave(planes: Uint8Array): Uint8Array {
  const plane = SIDE * SIDE;
  return Uint8Array.from(planes, (_, i) => planes[(i % 3) * plane + Math.floor(i / 3)]);
}

async function classNames(folder: string): Promise<string[]> {
  const path = join(folder, 'batches.meta.txt');
  const bytes = await checkRegularFile(path)
    .then(() => readWholeFile(path, maxNames))
    .catch(() => new Uint8Array());
  const names = new TextDecoder()
    .decode(bytes)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return names.length === CLASSES ? names : Array.from({ length: CLASSES }, (_, i) => String(i));
}
