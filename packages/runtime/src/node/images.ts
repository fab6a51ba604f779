import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe } from '@glow-onnx/flow/manifest';
import type { Sharp } from 'sharp';
import type { NetworkOptions } from '../folder/stores/url-store.js';
import { createCodec, type ImageCodec } from '../pictures/codec.js';
import { fetchImage } from '../pictures/fetch-image.js';
import type { LossyFormat } from '../pictures/header.js';
import type { RawImage } from '../pictures/images.js';
import { checkBytes, type ImageLimits } from '../pictures/limits.js';
import { encodePng } from '../pictures/png-encode.js';
import { decodePurely } from './decode-purely.js';
import { systemReason } from './explain-system-error.js';
import { createGet } from './get.js';
import { hostRequire } from './host-require.js';
import { inflate } from './inflate.js';
import { readWholeFile } from './read-file.js';
import { writeFileAtomic } from './write-file.js';

/**
 * Reads images in Node: JPEG and WebP with sharp if it is installed, otherwise JPEG in JavaScript, to the same pixels.
 * A WebP needs sharp.
 */
export function nodeCodec(limits: ImageLimits, network: NetworkOptions = {}): ImageCodec {
  return createCodec(
    {
      objects: 'a Blob, a path or an address of such a file, or an instance of sharp',
      readFile: (source, limits, signal) =>
        isWeb(source)
          ? fetchImage(createGet(network.privateRedirects), source, limits, network, signal)
          : readFile(source, limits),
      decode,
      inflate,
      readObject: (input) =>
        'metadata' in input && 'toColourspace' in input ? pixelsOf(input as Sharp) : undefined,
    },
    limits,
  );
}

/** An address has two slashes, which no path has that was joined of a folder and a name. */
function isWeb(source: string | URL): boolean {
  return /^\s*https?:\/\//i.test(String(source));
}

async function readFile(source: string | URL, limits: ImageLimits): Promise<Uint8Array> {
  const isAddress = typeof source !== 'string' || /^file:|^\s*[a-z][a-z0-9+.-]+:\/\//i.test(source);
  if (isAddress && !/^file:/i.test(String(source))) {
    throw new TypeError('expected a path, or an address of http, https, file or data');
  }
  const path = isAddress ? fileURLToPath(source) : source;
  try {
    const { size, isFolder } = await stat(path).then((found) => ({
      size: found.size,
      isFolder: found.isDirectory(),
    }));
    if (isFolder) throw new TypeError('it is a folder; pass an image file in it');
    checkBytes(size, limits);
    return await readWholeFile(path, limits.maxBytes);
  } catch (cause) {
    const reason = systemReason(cause); // without the path, which the caller names
    throw reason === undefined ? cause : new Error(reason, { cause });
  }
}

async function decode(bytes: Uint8Array, format: LossyFormat, { maxPixels }: ImageLimits): Promise<RawImage> {
  const sharp = loadSharp();
  if (!sharp) return decodePurely(bytes, format);
  const image = sharp(bytes, { limitInputPixels: maxPixels });
  const { space } = await image.metadata();
  return rawPixels(image.toColourspace(space === 'b-w' ? 'b-w' : 'srgb'));
}

/** Gives the image upright (EXIF), in RGB or RGBA, at 8 bits. Of 16 bits the upper 8 are kept. */
function pixelsOf(image: Sharp): Promise<RawImage> {
  return rawPixels(image.autoOrient().toColourspace('srgb'));
}

async function rawPixels(image: Sharp): Promise<RawImage> {
  const { data, info } = await image.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  const { buffer, byteOffset, length } = data;
  const { width, height, channels } = info;
  return { data: new Uint8Array(buffer, byteOffset, length), width, height, channels };
}

/** Undefined if sharp is not installed, or has no binary for this system. */
function loadSharp(): typeof import('sharp').default | undefined {
  try {
    return hostRequire('sharp');
  } catch {
    return undefined;
  }
}

/**
 * Writes an image to a PNG file, lossless, 8 bits per sample. An existing file is replaced; if writing fails, it stays
 * as it was. Missing folders are created.
 * @throws TypeError if `path` is not a path or `image` is not a raw image; RangeError if it has more than 4 channels; Error if `path` is a
 *   folder or cannot be written.
 * @example
 * const [image] = await glow.sample();
 * await writePng('out/sample.png', image);
 */
export async function writePng(path: string, image: RawImage): Promise<void> {
  if (typeof path !== 'string' || path === '') {
    throw new TypeError(`writePng: expected a path, got ${describe(path)}; call it as writePng(path, image)`);
  }
  await writeFileAtomic(path, await encodePng(image));
}
