import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Sharp } from 'sharp';
import type { ImageCodec } from '../pictures/codec.js';
import { createCodec } from '../pictures/codec.js';
import type { PictureHeader } from '../pictures/header.js';
import type { RawImage } from '../pictures/images.js';
import { checkBytes, type ImageLimits } from '../pictures/limits.js';
import { encodePng } from '../pictures/png-encode.js';
import { decodePurely } from './decode-purely.js';
import { readWholeFile } from './read-file.js';
import { writeFileAtomic } from './write-file.js';

/** Reads pictures in Node: by sharp if it is installed, else by JavaScript, to the same pixels. */
export function nodeCodec(limits: ImageLimits): ImageCodec {
  return createCodec(
    {
      objects: 'a Blob, the path of one, or an instance of sharp',
      readFile,
      decode,
      readObject: (input) =>
        'metadata' in input && 'toColourspace' in input ? pixelsOf(input as Sharp) : undefined,
    },
    limits,
  );
}

async function readFile(source: string | URL, limits: ImageLimits): Promise<Uint8Array> {
  const isUrl = source instanceof URL || /^(file|https?|data|blob):/.test(source);
  if (isUrl && !String(source).startsWith('file:')) {
    throw new TypeError(`${source}: expected a path or a file: URL; fetch it and pass its bytes`);
  }
  const path = isUrl ? fileURLToPath(source) : String(source);
  checkBytes((await stat(path)).size, limits);
  return readWholeFile(path);
}

async function decode(bytes: Uint8Array, header: PictureHeader, limits: ImageLimits): Promise<RawImage> {
  const sharp = await loadSharp();
  if (!sharp) return decodePurely(bytes, header);
  return pixelsOf(sharp(bytes, { limitInputPixels: limits.maxPixels, ignoreIcc: true }));
}

/** Upright (EXIF), RGB or RGBA, at 8 bits: of 16 the upper 8. */
async function pixelsOf(picture: Sharp): Promise<RawImage> {
  const upright = picture.autoOrient().toColourspace('srgb').raw({ depth: 'uchar' });
  const { data, info } = await upright.toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: info.channels };
}

/** Undefined where it is not installed, or has no binary for this system. */
async function loadSharp() {
  return import('sharp').then(
    (module) => module.default,
    () => undefined,
  );
}

/** Writes a raw image as a PNG file, whole or not at all, in place of what stood there. */
export async function writePng(path: string, image: RawImage): Promise<void> {
  await writeFileAtomic(path, await encodePng(image));
}
