import { BrokenImageError } from './broken-image.js';
import type { StoredOrientation } from './exif.js';
import { readJpegHeader } from './jpeg-header.js';
import type { PictureSize } from './limits.js';
import { readPngHeader } from './png-layout.js';
import { UnsupportedImageError } from './unsupported-image.js';
import { readWebpHeader } from './webp-header.js';

export type ImageFormat = 'png' | LossyFormat;

/** Formats that the decoder of the platform reads. A WebP may be lossless. */
export type LossyFormat = 'jpeg' | 'webp';

/** The facts that the structure of an image file holds. Reading them decodes no pixels. */
export interface ImageHeader extends Stored {
  readonly format: ImageFormat;
}

/** Width and height as stored, before the orientation is applied. */
type Stored = PictureSize & StoredOrientation;

/**
 * Reads the header of a PNG, JPEG or WebP. The whole file is checked before a decoder sees it: its chunks or segments
 * must be complete and within the bounds of `limits.ts`, and its bytes must be enough for the pixels that it claims.
 * @throws TypeError that names the format if it is another one; BrokenImageError if the file is incomplete, broken or
 *   beyond a bound.
 */
export function readHeader(bytes: Uint8Array): ImageHeader {
  const format = formatOf(bytes);
  const name = format.toUpperCase();
  let stored: Stored;
  try {
    stored = readers[format](new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (cause) {
    if (cause instanceof UnsupportedImageError || cause instanceof BrokenImageError) throw cause;
    throw new BrokenImageError(`the ${name} is broken or incomplete`, { cause });
  }
  if (stored.width === 0 || stored.height === 0) {
    throw new BrokenImageError(`the header of the ${name} has no size`);
  }
  return { format, ...stored };
}

// biome-ignore-start lint/suspicious/noControlCharactersInRegex: they are bytes
const signatures: readonly (readonly [name: string, test: RegExp])[] = [
  ['png', /^\x89PNG\r\n\x1a\n/],
  ['jpeg', /^\xff\xd8\xff/],
  ['webp', /^RIFF.{4}WEBP/s],
  ['a GIF', /^GIF8/],
  ['a TIFF', /^(II\*\0|MM\0\*)/],
  ['an AVIF', /^.{4}ftypavi/s],
  ['an HEIF', /^.{4}ftyp/s],
  ['a BMP', /^BM/],
  ['a PDF', /^%PDF/],
  ['an SVG', /^(\xef\xbb\xbf)?\s*<(svg|\?xml|!DOCTYPE svg)/i],
  ['a web page (HTML)', /^(\xef\xbb\xbf)?\s*<(!doctype html|html|head|body|!--)/i],
  ['JSON', /^(\xef\xbb\xbf)?\s*[{[]\s*["{[\]}]/],
  ['base64', /^(data:|iVBORw0KGgo|\/9j\/|UklGR)/],
];
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: they are bytes

function formatOf(bytes: Uint8Array): ImageFormat {
  const start = String.fromCharCode(...bytes.subarray(0, 64));
  const name = signatures.find(([, test]) => test.test(start))?.[0];
  if (name === 'png' || name === 'jpeg' || name === 'webp') return name;
  const got = name ?? (bytes.length === 0 ? 'no bytes' : 'an unknown format');
  throw new UnsupportedImageError(`expected a PNG, JPEG or WebP, got ${got}; ${advice[got] ?? convert}`);
}

const convert = 'convert it, or decode it and pass its pixels';
const advice: Readonly<Record<string, string>> = {
  'a web page (HTML)': 'check where it comes from: many servers answer an unknown address with a page',
  JSON: 'check where it comes from: a server may have answered with an error',
  base64: 'decode it to bytes first',
  'no bytes': 'check where it comes from',
};

const readers: Readonly<Record<ImageFormat, (view: DataView) => Stored>> = {
  png: readPngHeader,
  jpeg: readJpegHeader,
  webp: readWebpHeader,
};
