import { stat } from 'node:fs/promises';
import { findCifar, readCifar } from './cifar.js';
import { createDataset, type Dataset, type DatasetOptions } from './dataset.js';
import { readFolder } from './folder.js';
import { readIdx } from './idx.js';
import { findSheet, readSheet } from './sheet.js';

/** Largest height and width of a model's config, in pixels. */
const maxSide = 16384;

/**
 * Opens a data set: a folder of PNG, JPEG and WebP images; the binary version of CIFAR-10 (its folder, or one .bin
 * file); an IDX file (also .gz); or a sheet (its .json, or the image beside it).
 * @throws Error if the path cannot be opened or too many images cannot be read; RangeError if an option does not fit
 * the data. Messages name the file, what was expected, what was found and what to do.
 * @example
 * const data = await openDataset('pictures', { size: { height: 32, width: 32 } });
 * console.log(data.count, data.channels, data.skipped);
 * await data.close();
 */
export async function openDataset(path: string, options: DatasetOptions = {}): Promise<Dataset> {
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
  const cifar = entry.isDirectory() ? await findCifar(path) : path.endsWith('.bin') ? [path] : [];
  if (options.labelFile !== undefined && (!entry.isDirectory() || cifar.length > 0)) {
    throw new RangeError(
      `data: a label file needs a folder of images, but ${path} is not one; leave out --label-file`,
    );
  }
  if (cifar.length > 0) return createDataset(await readCifar(path, cifar, options));
  if (entry.isDirectory()) return createDataset(await readFolder(path, options));
  const sheet = await findSheet(path);
  return createDataset(sheet ? await readSheet(sheet, options) : await readIdx(path, options));
}
