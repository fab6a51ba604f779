import { exifOrientation, type StoredOrientation, upright } from './exif.js';

export type ImageFormat = 'png' | 'jpeg' | 'webp';

/** The facts that the first bytes of an image file hold. Reading them decodes nothing. */
export interface ImageHeader extends StoredOrientation {
  readonly format: ImageFormat;
  /** In pixels as stored, before the orientation is applied. */
  readonly width: number;
  readonly height: number;
}

/**
 * Reads the header of a PNG, JPEG or WebP.
 * @throws TypeError that names the format if it is another one; RangeError if the header is incomplete or broken.
 */
export function readHeader(bytes: Uint8Array): ImageHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const format = formatOf(bytes);
  const name = format.toUpperCase();
  let header: ImageHeader | undefined;
  try {
    header = readers[format](view);
  } catch (cause) {
    if (cause instanceof TypeError) throw cause;
    throw new RangeError(`the header of the ${name} is broken or incomplete`, { cause });
  }
  if (!header || header.width === 0 || header.height === 0) {
    throw new RangeError(`the header of the ${name} has no size`);
  }
  return header;
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
];
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: they are bytes

function formatOf(bytes: Uint8Array): ImageFormat {
  const start = String.fromCharCode(...bytes.subarray(0, 64));
  const name = signatures.find(([, test]) => test.test(start))?.[0];
  if (name === 'png' || name === 'jpeg' || name === 'webp') return name;
  const got = name ?? (bytes.length === 0 ? 'no bytes' : 'an unknown format');
  throw new TypeError(
    `expected a PNG, JPEG or WebP, got ${got}; convert it, or decode it and pass its pixels`,
  );
}

const readers: Readonly<Record<ImageFormat, (view: DataView) => ImageHeader | undefined>> = {
  png: readPng,
  jpeg: readJpeg,
  webp: readWebp,
};

function readPng(view: DataView): ImageHeader {
  let stored = upright;
  for (const { type, start, length } of pngChunks(view)) {
    if (type === 'eXIf') stored = exifOrientation(view, start, length);
    if (type === 'IDAT' || type === 'IEND') break; // an eXIf chunk after the pixels is ignored
  }
  return { format: 'png', width: view.getUint32(16), height: view.getUint32(20), ...stored };
}

export interface PngChunk {
  readonly type: string;
  readonly start: number;
  readonly length: number;
}

/** Lists the chunks of a PNG. @throws RangeError if the file ends inside a chunk. */
export function* pngChunks(view: DataView): Generator<PngChunk> {
  for (let at = 8; at < view.byteLength; ) {
    const length = view.getUint32(at);
    const type = fourLetters(view, at + 4);
    if (at + 12 + length > view.byteLength) throw new RangeError(`the PNG ends inside its ${type} chunk`);
    yield { type, start: at + 8, length };
    at += 12 + length;
  }
}

/** Reads the segments up to the frame header, which has the size. EXIF data come before it. */
function readJpeg(view: DataView): ImageHeader | undefined {
  let stored = upright;
  for (let at = 2; ; ) {
    if (view.getUint8(at) !== 0xff) throw new RangeError('the JPEG has a broken segment in its header');
    const marker = view.getUint8(at + 1);
    if (marker === 0xff || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
      at += marker === 0xff ? 1 : 2;
      continue;
    }
    const length = view.getUint16(at + 2);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) {
      if (view.getUint8(at + 9) === 4) {
        throw new TypeError('expected a JPEG in RGB or grey, got CMYK; convert it to RGB');
      }
      return { format: 'jpeg', height: view.getUint16(at + 5), width: view.getUint16(at + 7), ...stored };
    }
    if (marker === 0xd9 || marker === 0xda) return undefined;
    if (marker === 0xe1 && fourLetters(view, at + 4) === 'Exif') {
      stored = exifOrientation(view, at + 10, length - 8);
    }
    at += 2 + length;
  }
}

/** Reads the size from the first chunk. Lossy, lossless and extended files each have a chunk of their own. */
function readWebp(view: DataView): ImageHeader | undefined {
  const kind = fourLetters(view, 12);
  const uint24 = (at: number) => view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
  switch (kind) {
    case 'VP8 ': {
      const [width, height] = [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
      return { format: 'webp', width, height, ...upright };
    }
    case 'VP8L': {
      const bits = view.getUint32(21, true);
      return {
        format: 'webp',
        width: (bits & 0x3fff) + 1,
        height: ((bits >> 14) & 0x3fff) + 1,
        ...upright,
      };
    }
    case 'VP8X':
      return {
        format: 'webp',
        width: uint24(24) + 1,
        height: uint24(27) + 1,
        ...webpOrientation(view),
      };
    default:
      return undefined;
  }
}

function webpOrientation(view: DataView): StoredOrientation {
  for (let at = 12; at + 8 <= view.byteLength; ) {
    const length = view.getUint32(at + 4, true);
    if (fourLetters(view, at) === 'EXIF') return exifOrientation(view, at + 8, length);
    at += 8 + length + (length % 2);
  }
  return upright;
}

function fourLetters(view: DataView, at: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(at + i)));
}
