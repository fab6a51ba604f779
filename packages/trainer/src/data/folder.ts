import { basename, join, resolve } from 'node:path';
import { convertChannels } from '@glow-onnx/flow/pixels';
import { messageOf } from '@glow-onnx/runtime/internal';
import type { ImageFolder } from '@glow-onnx/runtime/internal-node';
import sharp from 'sharp';
import { type DatasetOptions, type LoadedImages, pickEvenly, type SkippedFile } from './dataset.js';
import { readLabels } from './folder-labels.js';
import { createPixelWriter } from './pixel-store.js';

/** Largest number of pixels of an image before resizing: a small file can unpack to a huge image. */
const maxPixels = 2 ** 26;
/** Images that are decoded at a time, by the threads of sharp. */
const atOnce = 32;
/** Unreadable files that are skipped: this number or one in a hundred, but at most half. More are an error. */
const maxSkipped = 10;

interface Size {
  readonly height: number;
  readonly width: number;
}

/**
 * Reads the images that `listImages` found in a folder, in their order. Each image is rotated according to its
 * EXIF data and converted to sRGB; alpha is composited over white. If `size` is given, the image is scaled (Lanczos) to
 * cover it and cropped about the centre. Labels are the subfolders (attribute `folder`) and the columns of the label
 * file.
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
  const size = options.size ?? (await commonSize(folder, files));
  // Whether all images are grey is only known at the end.
  const storedChannels = options.channels ?? 3;
  const pixels = createPixelWriter(size.height * size.width * storedChannels, options.maxBytes);
  const skipped: SkippedFile[] = [];
  const kept: string[] = [];
  let allGrey = true;
  try {
    for (let start = 0; start < files.length; start += atOnce) {
      options.signal?.throwIfAborted();
      const chunk = files.slice(start, start + atOnce);
      for (const image of await Promise.all(chunk.map((file) => decode(folder, file, size, !options.size)))) {
        if ('reason' in image) {
          skipped.push(image);
          continue;
        }
        await pixels.add(convertChannels(image.rgb, 3, storedChannels), image.rgb);
        kept.push(image.file);
        allGrey &&= image.grey;
      }
      if (tooManySkipped(skipped.length, files.length)) throw unreadable(folder, skipped, files.length);
      options.onProgress?.(start + chunk.length, files.length);
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

/** The size of the first image that can be read. `decode` then requires it of the others. */
async function commonSize(folder: string, files: readonly string[]): Promise<Size> {
  const skipped: SkippedFile[] = [];
  for (const file of files) {
    try {
      const { autoOrient } = await openImage(folder, file).metadata();
      return { height: autoOrient.height, width: autoOrient.width };
    } catch (error) {
      skipped.push({ file, reason: reasonOf(error) });
    }
  }
  throw unreadable(folder, skipped, files.length);
}

const openImage = (folder: string, file: string) =>
  sharp(join(folder, file), { limitInputPixels: maxPixels, failOn: 'error', ignoreIcc: true });

async function decode(
  folder: string,
  file: string,
  size: Size,
  mustMatch: boolean,
): Promise<{ file: string; rgb: Uint8Array; grey: boolean } | SkippedFile> {
  try {
    const image = openImage(folder, file);
    const { space, autoOrient, format } = await image.metadata();
    if (!['png', 'jpeg', 'webp'].includes(format))
      return { file, reason: `is ${format}, not PNG, JPEG or WebP` };
    const same = autoOrient.height === size.height && autoOrient.width === size.width;
    if (mustMatch && !same) throw differs(folder, file, autoOrient, size);
    const turned = image.autoOrient();
    const fitted = same
      ? turned
      : turned.resize({ ...size, fit: 'cover', position: 'centre', kernel: 'lanczos3' });
    const { data, info } = await fitted.toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
    return {
      file,
      rgb: convertChannels(data, info.channels as 3 | 4, 3),
      grey: space === 'b-w' || space === 'grey16',
    };
  } catch (error) {
    if (error instanceof RangeError) throw error;
    return { file, reason: reasonOf(error) };
  }
}

/** The nearest extent that three levels can divide. */
function suggested(extent: number): number {
  return Math.max(8, 8 * Math.round(extent / 8));
}

function differs(folder: string, file: string, found: Size, size: Size): RangeError {
  return new RangeError(
    `data: ${join(folder, file)} is ${found.height}×${found.width}, expected ${size.height}×${size.width} ` +
      `(height × width) like the images before it; to crop and resize all, pass a size, for example ` +
      `--size ${suggested(size.height)}x${suggested(size.width)}`,
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

/** The message of sharp. If several images fail at the same time, some have no message, because libvips keeps one. */
function reasonOf(error: unknown): string {
  const [line] = messageOf(error).split('\n');
  return !line || line === 'Unknown error' ? 'cannot be decoded' : line;
}
