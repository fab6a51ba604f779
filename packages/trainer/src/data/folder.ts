import { readdir } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { convertChannels } from '@glow-onnx/flow/pixels';
import sharp from 'sharp';
import { type DatasetOptions, type Pictures, pickEvenly, type SkippedFile } from './dataset.js';
import { folderLabels, readLabelFile } from './folder-labels.js';
import { createPixelWriter } from './pixel-store.js';

/** Pixels of one picture before it is resized: bounds what a small file can unpack to. */
const maxPixels = 2 ** 26;
/** Pictures decoded at a time; sharp's own threads share them. */
const atOnce = 32;
/** So many unreadable files are left out, or one in a hundred, but never most; more say that something is wrong. */
const maxSkipped = 10;

interface Size {
  readonly height: number;
  readonly width: number;
}

/**
 * Reads all pictures in a folder and the folders in it, in the order of their paths. Each is turned as its EXIF
 * says and brought to sRGB; alpha is composited over white. With a size asked for, a picture is scaled (Lanczos)
 * to cover it and cropped about the centre. Pictures are grey if all of them are, unless told. Labels are the names
 * of the folders in it (attribute `folder`) and the columns of the label file.
 * @throws Error if there is no picture, or too many cannot be read; RangeError if sizes differ and none is asked for.
 */
export async function readFolder(folder: string, options: DatasetOptions): Promise<Pictures> {
  const found = await listPictures(folder);
  const labelOf = await readLabelFile(folder, options.labelFile);
  const pick = pickEvenly(found.length, options.limit);
  const files = found.filter((_, i) => pick(i));
  const size = options.size ?? (await commonSize(folder, files));
  // Until all are seen, nobody knows whether all are grey.
  const storedChannels = options.channels ?? 3;
  const pixels = createPixelWriter(size.height * size.width * storedChannels, options.maxBytes);
  const skipped: SkippedFile[] = [];
  const kept: string[] = [];
  let allGrey = true;
  try {
    for (let start = 0; start < files.length; start += atOnce) {
      options.signal?.throwIfAborted();
      const chunk = files.slice(start, start + atOnce);
      for (const picture of await Promise.all(
        chunk.map((file) => decode(folder, file, size, !options.size)),
      )) {
        if ('reason' in picture) {
          skipped.push(picture);
          continue;
        }
        await pixels.add(convertChannels(picture.rgb, 3, storedChannels));
        kept.push(picture.file);
        allGrey &&= picture.grey;
      }
      if (tooManySkipped(skipped.length, files.length)) throw unreadable(folder, skipped, files.length);
      options.onProgress?.(start + chunk.length, files.length);
    }
    const labels = { ...folderLabels(kept), ...labelOf?.(kept) };
    const channels = options.channels ?? (allGrey ? 1 : 3);
    const name = basename(resolve(folder));
    return { name, ...size, channels, storedChannels, pixels: await pixels.finish(), labels, skipped };
  } catch (error) {
    await pixels.discard();
    throw error;
  }
}

async function listPictures(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => !entry.isDirectory() && /^[^.].*\.(png|jpe?g|webp)$/i.test(entry.name))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort((a, b) => (a < b ? -1 : 1));
  if (files.length > 0) return files;
  throw new Error(
    `data: ${folder} holds no picture: expected files named .png, .jpg, .jpeg or .webp in it or in its folders, ` +
      `found ${entries.length} other entries; pass another folder`,
  );
}

/** The size of the first picture that can be read; `decode` then holds the others to it. */
async function commonSize(folder: string, files: readonly string[]): Promise<Size> {
  const skipped: SkippedFile[] = [];
  for (const file of files) {
    try {
      const { autoOrient } = await openPicture(folder, file).metadata();
      return { height: autoOrient.height, width: autoOrient.width };
    } catch (error) {
      skipped.push({ file, reason: reasonOf(error) });
    }
  }
  throw unreadable(folder, skipped, files.length);
}

const openPicture = (folder: string, file: string) =>
  sharp(join(folder, file), { limitInputPixels: maxPixels, failOn: 'error', ignoreIcc: true });

async function decode(
  folder: string,
  file: string,
  size: Size,
  mustMatch: boolean,
): Promise<{ file: string; rgb: Uint8Array; grey: boolean } | SkippedFile> {
  try {
    const image = openPicture(folder, file);
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

/** The nearest extent that three levels divide. */
function suggested(extent: number): number {
  return Math.max(8, 8 * Math.round(extent / 8));
}

function differs(folder: string, file: string, found: Size, size: Size): RangeError {
  return new RangeError(
    `data: ${join(folder, file)} is ${found.height}×${found.width}, expected ${size.height}×${size.width} ` +
      `(height × width) like the pictures before it; pass --size ${suggested(size.height)}x${suggested(size.width)}, say, to crop and resize all`,
  );
}

function tooManySkipped(skipped: number, total: number): boolean {
  return skipped > Math.max(maxSkipped, total / 100) || skipped > total / 2;
}

function unreadable(folder: string, skipped: readonly SkippedFile[], total: number): Error {
  const named = skipped.slice(0, 5).map(({ file, reason }) => `  ${file}: ${reason}`);
  return new Error(
    `data: ${skipped.length} of ${total} pictures in ${folder} cannot be read, expected at most ${maxSkipped}, ` +
      `one in a hundred or half of a few; remove or repair them, the first being\n${named.join('\n')}`,
  );
}

/** What sharp says. Pictures that fail at the same time may rob each other of their message (libvips keeps one). */
function reasonOf(error: unknown): string {
  const [line] = (error instanceof Error ? error.message : String(error)).split('\n');
  return !line || line === 'Unknown error' ? 'cannot be decoded' : line;
}
