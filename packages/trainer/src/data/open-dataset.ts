import { stat } from 'node:fs/promises';
import {
  aFunction,
  anAbortSignal,
  anything,
  aText,
  checkOptions,
  describe,
  integerFrom,
  type Rules,
} from '@glow-onnx/flow/internal';
import { describeNoImages, given, listImages } from '@glow-onnx/runtime/internal-node';
import { findCifar, readCifar } from './cifar.js';
import { createDataset, type Dataset, type DatasetOptions, type LoadedImages } from './dataset.js';
import { readFolder } from './folder.js';
import { findIdx, readIdx } from './idx.js';
import { findSheet, readSheet } from './sheet.js';

/** Largest height and width of a model's config, in pixels. */
const maxSide = 16384;

const rules: Rules<DatasetOptions> = {
  size: {
    expected: 'an object { height, width }, in pixels',
    holds: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  },
  channels: { expected: '1 or 3', type: 'number', holds: (value) => value === 1 || value === 3 },
  limit: anything, // checked with the images
  labelFile: aText,
  preferred: anything,
  sizeOfLarge: anything,
  maxBytes: integerFrom(1),
  onProgress: aFunction,
  signal: anAbortSignal,
};

/**
 * Opens a data set: a folder of PNG, JPEG and WebP images; the binary version of CIFAR-10 (its folder, or one .bin
 * file); an IDX file (also .gz, or a folder with one); or a sheet (its .json, or the image beside it).
 * @throws Error if the path cannot be opened or too many images cannot be read; RangeError if an option does not fit
 * the data. Messages name the file, what was expected, what was found and what to do.
 * @example
 * const data = await openDataset('pictures', { size: { height: 32, width: 32 } });
 * console.log(data.count, data.channels, data.skipped);
 * await data.close();
 */
export async function openDataset(path: string, options: DatasetOptions = {}): Promise<Dataset> {
  checkOptions('openDataset', options, rules);
  if (typeof path !== 'string' || path === '') {
    throw new TypeError(`openDataset: expected the path of a folder or file, got ${describe(path)}`);
  }
  const { size } = options;
  if (
    size &&
    ![size.height, size.width].every((side) => Number.isInteger(side) && side >= 1 && side <= maxSide)
  ) {
    throw new RangeError(
      `data: size must have integers from 1 to ${maxSide} as height and width, got ${size.height}×${size.width}`,
    );
  }
  const entry = await stat(path).catch((cause: unknown) => {
    throw new Error(`data: ${path} cannot be opened; pass a folder of images, an IDX file or a sheet`, {
      cause,
    });
  });
  const reader = entry.isDirectory() ? await readerOfFolder(path) : await readerOfFile(path);
  if (options.labelFile !== undefined && reader.kind !== 'images') {
    throw new RangeError(
      `data: a label file needs a folder of images, but ${path} is not one; leave out --label-file`,
    );
  }
  const own = reader.kind === 'images' ? { ...options.preferred, ...given(options) } : options;
  return createDataset(await reader.read(own));
}

/** The way to read a path. Only `images` have a label file. */
interface Reader {
  readonly kind: 'images' | 'other';
  read(options: DatasetOptions): Promise<LoadedImages>;
}

async function readerOfFolder(path: string): Promise<Reader> {
  const cifar = await findCifar(path);
  if (cifar.length > 0) return { kind: 'other', read: (options) => readCifar(path, cifar, options) };
  const found = await listImages(path);
  if (found.images.length > 0) return { kind: 'images', read: (options) => readFolder(path, found, options) };
  const idx = await findIdx(path);
  if (idx !== undefined) return { kind: 'other', read: (options) => readIdx(idx, options) };
  throw new Error(`data: ${describeNoImages(path, found.leftOut)}`);
}

async function readerOfFile(path: string): Promise<Reader> {
  if (path.endsWith('.bin')) return { kind: 'other', read: (options) => readCifar(path, [path], options) };
  const sheet = await findSheet(path);
  const read = (options: DatasetOptions) => (sheet ? readSheet(sheet, options) : readIdx(path, options));
  return { kind: 'other', read };
}
