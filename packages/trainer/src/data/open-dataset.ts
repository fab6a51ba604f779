import { stat } from 'node:fs/promises';
import { findCifar, readCifar } from './cifar.js';
import { createDataset, type Dataset, type DatasetOptions } from './dataset.js';
import { readFolder } from './folder.js';
import { readIdx } from './idx.js';
import { findSheet, readSheet } from './sheet.js';

/** Pixels; the largest that a model's config takes. */
const maxSide = 16384;

/**
 * Opens what `--data` names: a folder of PNG, JPEG and WebP pictures, CIFAR-10's binary version (its
 * folder, or one .bin of it), an IDX file (.gz too), or a sheet (its .json, or the picture beside it).
 * @throws Error or RangeError saying where, what was expected, what was found and what to do.
 */
export async function openDataset(path: string, options: DatasetOptions = {}): Promise<Dataset> {
  const { size } = options;
  if (
    size &&
    ![size.height, size.width].every((side) => Number.isInteger(side) && side >= 1 && side <= maxSide)
  ) {
    throw new RangeError(
      `data: size ${size.height}×${size.width}: expected integers from 1 to ${maxSide} for height and width`,
    );
  }
  const entry = await stat(path).catch((cause: unknown) => {
    throw new Error(`data: ${path} cannot be opened; pass a folder of pictures, an IDX file or a sheet`, {
      cause,
    });
  });
  const cifar = entry.isDirectory() ? await findCifar(path) : path.endsWith('.bin') ? [path] : [];
  if (options.labelFile !== undefined && (!entry.isDirectory() || cifar.length > 0)) {
    throw new RangeError(
      `data: a label file is for a folder of pictures, which ${path} is not; leave it out`,
    );
  }
  if (cifar.length > 0) return createDataset(await readCifar(path, cifar, options));
  if (entry.isDirectory()) return createDataset(await readFolder(path, options));
  const sheet = await findSheet(path);
  return createDataset(sheet ? await readSheet(sheet, options) : await readIdx(path, options));
}
