import { basename, join, resolve } from 'node:path';
import { messageOf } from '@glow-onnx/runtime/internal';
import {
  cover,
  defaultImageLimits,
  type ImageFolder,
  nodeCodec,
  readHeader,
  readWholeFile,
  withChannels,
} from '@glow-onnx/runtime/internal-node';
import type { RawImage } from '@glow-onnx/runtime/node';
import { type DatasetOptions, type LoadedImages, pickEvenly, type SkippedFile } from './dataset.js';
import { readLabels } from './folder-labels.js';
import { createPixelWriter } from './pixel-store.js';

const codec = nodeCodec(defaultImageLimits);
/** Images that are decoded at a time: sharp has four threads. */
const atOnce = 8;
/** Pixels that are decoded at a time: those of the largest image. */
const maxPixels = defaultImageLimits.maxPixels;
/** Bytes of a file whose header is read beforehand. A larger one is decoded alone. */
const maxHeaderFile = 2 ** 24;
/** Unreadable files that are skipped: this number or one in a hundred, but at most half. More are an error. */
const maxSkipped = 10;

interface Size {
  readonly height: number;
  readonly width: number;
}

/**
 * Reads the images that `listImages` found in a folder, in their order, to the same pixels as the runtime. If `size` is
 * given, an image is resized to cover it and cropped about the centre, as by `fit: 'cover'`. Labels are the subfolders
 * (attribute `folder`) and the columns of the label file.
 * @throws Error if too many images cannot be read; RangeError if sizes differ and none is given.
 */
export async function readFolder(
  folder: string,
  { images: found, leftOut, roots }: ImageFolder,
  options: DatasetOptions,
): Promise<LoadedImages> {
  const labelsOf = await readLabels(folder, options.labelFile);
  const pick = pickEvenly(found.length, options.limit);
  const files = found.filter((_, i) => pick(i));
  const own = options.size ?? (await commonSize(folder, files));
  const given = options.size ?? sizeIfLarger(own, options.sizeOfLarge);
  const size = given ?? own;
  // Whether all images are grey is only known at the end.
  const storedChannels = options.channels ?? 3;
  const pixels = createPixelWriter(size.height * size.width * storedChannels, options.maxBytes);
  const skipped: SkippedFile[] = [];
  const kept: string[] = [];
  let allGrey = true;
  try {
    let done = 0;
    for await (const chunk of chunksOf(folder, files, size)) {
      options.signal?.throwIfAborted();
      const images = chunk.map((file) => readImage(folder, file, size, storedChannels, !given));
      for (const image of await Promise.all(images)) {
        if ('reason' in image) {
          skipped.push(image);
          continue;
        }
        await pixels.add(image.pixels, image.rgb);
        kept.push(image.file);
        allGrey &&= image.grey;
      }
      if (tooManySkipped(skipped.length, files.length)) throw unreadable(folder, skipped, files.length);
      done += chunk.length;
      options.onProgress?.(done, files.length);
    }
    const labels = labelsOf(kept);
    const channels = options.channels ?? (allGrey ? 1 : 3);
    const name = basename(resolve(folder));
    const stored = { storedChannels, pixels: await pixels.finish() };
    const labelFile = labels.labelFile && resolve(labels.labelFile);
    const besides = leftOut.filter(({ file }) => resolve(folder, file) !== labelFile);
    return { name, ...size, channels, ...stored, ...labels, skipped, leftOut: besides, roots };
  } catch (error) {
    await pixels.discard();
    throw error;
  }
}

/** The files in chunks that are decoded at a time, in order. A small file may hold a large image. */
async function* chunksOf(folder: string, files: readonly string[], size: Size): AsyncGenerator<string[]> {
  for (let start = 0; start < files.length; start += atOnce) {
    const next = files.slice(start, start + atOnce);
    const pixels = await Promise.all(next.map((file) => pixelsOf(join(folder, file), size)));
    let chunk: string[] = [];
    let total = 0;
    for (const [i, file] of next.entries()) {
      if (chunk.length > 0 && total + pixels[i] > maxPixels) {
        yield chunk;
        [chunk, total] = [[], 0];
      }
      chunk.push(file);
      total += pixels[i];
    }
    yield chunk;
  }
}

/** The pixels of an image, before or after it is resized. Those of the largest image if its header cannot be read. */
async function pixelsOf(path: string, size: Size): Promise<number> {
  try {
    const { height, width } = readHeader(await readWholeFile(path, maxHeaderFile));
    return Math.max(height * width, size.height * size.width);
  } catch {
    return maxPixels;
  }
}

/** The size of the first image that can be read. `readImage` then requires it of the others. */
async function commonSize(folder: string, files: readonly string[]): Promise<Size> {
  const skipped: SkippedFile[] = [];
  for (const file of files) {
    try {
      const { height, width } = await codec.read(resolve(folder, file));
      return { height, width };
    } catch (error) {
      skipped.push({ file, reason: messageOf(error) });
    }
  }
  throw unreadable(folder, skipped, files.length);
}

function sizeIfLarger(own: Size, most: Size | undefined): Size | undefined {
  return most && (own.height > most.height || own.width > most.width) ? most : undefined;
}

/** The image as the model will see it: decoded, converted and resized as in the runtime. */
async function readImage(
  folder: string,
  file: string,
  size: Size,
  channels: 1 | 3,
  mustMatch: boolean,
): Promise<{ file: string; pixels: Uint8Array; rgb: Uint8Array; grey: boolean } | SkippedFile> {
  let image: RawImage;
  try {
    image = await codec.read(resolve(folder, file));
  } catch (error) {
    return { file, reason: messageOf(error) };
  }
  const same = image.height === size.height && image.width === size.width;
  if (mustMatch && !same) throw differs(folder, file, image, size);
  const fitted = (to: 1 | 3) => cover(withChannels(image, to, file), size.height, size.width).data;
  const rgb = fitted(3);
  return { file, pixels: channels === 3 ? rgb : fitted(channels), rgb, grey: image.channels < 3 };
}

/** The nearest size that three levels can divide. Of photographs it is one that a Glow learns in hours. */
function suggested({ height, width }: Size): string {
  if (Math.max(height, width) > 64) return '32x32';
  return [height, width].map((extent) => Math.max(8, 8 * Math.round(extent / 8))).join('x');
}

function differs(folder: string, file: string, found: Size, size: Size): RangeError {
  return new RangeError(
    `data: ${join(folder, file)} is ${found.height}×${found.width}, expected ${size.height}×${size.width} ` +
      `(height × width) like the images before it; to crop and resize all, pass a size, for example ` +
      `--size ${suggested(size)}`,
  );
}

function tooManySkipped(skipped: number, total: number): boolean {
  return skipped > Math.max(maxSkipped, total / 100) || skipped > total / 2;
}

function unreadable(folder: string, skipped: readonly SkippedFile[], total: number): Error {
  const named = skipped.slice(0, 5).map(({ file, reason }) => `  ${file}: ${reason}`);
  return new Error(
    `data: ${skipped.length} of ${total} images in ${folder} cannot be read, expected at most ${maxSkipped} or one in a ` +
      `hundred, and at most half; remove or repair them, beginning with\n${named.join('\n')}`,
  );
}
