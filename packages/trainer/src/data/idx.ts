import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AdvisedError } from '@glow-onnx/runtime/internal-node';
import { type ByteReader, readBytes } from './byte-reader.js';
import { type DatasetOptions, type LoadedImages, pickEvenly } from './dataset.js';
import { type Labels, labelsFrom } from './labels.js';
import { createPixelWriter } from './pixel-store.js';

/** Largest number of pixels of an image. */
const maxPixels = 2 ** 28;
const imagesMagic = '0 0 8 3';
const labelsMagic = '0 0 8 1';

/**
 * The IDX file of images in a folder. Undefined if it has none.
 * @throws Error if it has several, such as those of MNIST's training and test images.
 */
export async function findIdx(folder: string): Promise<string | undefined> {
  const names = (await readdir(folder)).filter((name) => /images[-.]idx3/.test(name)).sort();
  const paths = names.map((name) => join(folder, name));
  if (paths.length < 2) return paths[0];
  throw new Error(
    `data: ${folder} holds ${paths.length} IDX files of images, expected one; pass one of ${paths.join(', ')}`,
  );
}

/**
 * Reads the images of an IDX file (MNIST, Fashion-MNIST), with or without gzip. Labels come from the file beside it
 * with labels-idx1 instead of images-idx3 in its name, as the attribute `label`. A larger `size` pads images with
 * zeros: 28×28 to 32×32 by two pixels on every side. Each of the two files may be packed.
 * @throws Error if it is not an IDX file of grey images; RangeError if `size` or `channels` do not fit.
 */
export async function readIdx(path: string, options: DatasetOptions): Promise<LoadedImages> {
  const bytes = await readBytes(path);
  const [count, height, width] = await readHeader(path, bytes, imagesMagic, 3);
  const size = options.size ?? { height, width };
  if (size.height < height || size.width < width) {
    throw new AdvisedError(
      `data: ${path} has images of ${height}×${width}, expected to fit ${size.height}×${size.width}`,
      'size',
      'images of an IDX file are padded, not shrunk: pass a larger --size, or leave it out',
    );
  }
  if (options.channels === 3) {
    throw new AdvisedError(
      `data: ${path} has grey images, expected 3 channels`,
      'channels',
      'pass --channels 1, or leave it out',
    );
  }
  const expected = 16 + count * height * width;
  const what = `${count} images of ${height}×${width}`;
  if (expected === 16 || height * width > maxPixels) {
    await bytes.drain();
    throw wrongLength(path, bytes, expected, what);
  }
  const pick = pickEvenly(count, options.limit);
  const pixels = createPixelWriter(size.height * size.width, options.maxBytes);
  try {
    const top = Math.floor((size.height - height) / 2);
    const left = Math.floor((size.width - width) / 2);
    const padded = new Uint8Array(size.height * size.width);
    for (let i = 0; i < count; i++) {
      options.signal?.throwIfAborted();
      const image = await bytes.take(height * width);
      if (image.length < height * width) break;
      if (!pick(i)) continue;
      for (let y = 0; y < height; y++) {
        padded.set(image.subarray(y * width, (y + 1) * width), (top + y) * size.width + left);
      }
      await pixels.add(padded);
    }
    await bytes.drain();
    if (bytes.position !== expected) throw wrongLength(path, bytes, expected, what);
    const labels = await readLabels(path, count, pick);
    const common = { name: basename(path), ...size, channels: 1 } as const;
    return { ...common, pixels: await pixels.finish(), ...(labels && { labels: { label: labels } }) };
  } catch (error) {
    await pixels.discard();
    throw error;
  }
}

/** The labels of the images at `path`. Undefined if no file of labels is beside it. */
async function readLabels(
  path: string,
  count: number,
  pick: (index: number) => boolean,
): Promise<Labels | undefined> {
  const beside = labelFilesFor(path).find((name) => existsSync(name));
  if (beside === undefined) return undefined;
  const bytes = await readBytes(beside);
  const [labelCount] = await readHeader(beside, bytes, labelsMagic, 1);
  const values = Uint8Array.from(await bytes.take(count));
  await bytes.drain();
  if (bytes.position !== 8 + count || labelCount !== count) {
    throw wrongLength(beside, bytes, 8 + count, `${labelCount} labels for the ${count} images of ${path}`);
  }
  return labelsFrom(
    'label',
    Array.from(values, String).filter((_, i) => pick(i)),
  );
}

/** Where the labels of the images at `path` may be: packed as the images are, or not. */
function labelFilesFor(path: string): string[] {
  const beside = path.replace(/images([-.])idx3(?=[^/\\]*$)/, 'labels$1idx1');
  if (beside === path) return [];
  return [beside, beside.endsWith('.gz') ? beside.slice(0, -'.gz'.length) : `${beside}.gz`];
}

/** A header: magic number (0, 0, type, rank), then each dimension as a big-endian uint32. */
async function readHeader(
  path: string,
  bytes: ByteReader,
  expected: string,
  rank: number,
): Promise<number[]> {
  const header = Uint8Array.from(await bytes.take(4 + 4 * rank));
  const magic = header.subarray(0, 4).join(' ');
  if (magic === labelsMagic && expected === imagesMagic) {
    throw new Error(`data: ${path} holds labels, expected images; pass the file named …-images-idx3-ubyte`);
  }
  if (magic !== expected || header.length < 4 + 4 * rank) {
    throw new Error(
      `data: ${path} is neither a folder, a sheet, CIFAR-10's .bin nor an IDX file: expected it to begin with the ` +
        `bytes ${expected}, got ${magic || 'an empty file'}; pass one of these`,
    );
  }
  const view = new DataView(header.buffer);
  return Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
}

function wrongLength(path: string, { position }: ByteReader, expected: number, what: string): Error {
  return new Error(
    `data: ${path} says ${what}, expected ${expected} bytes and at least one pixel, ` +
      `got ${position}; it is incomplete or damaged: download it again`,
  );
}
