import { BrokenImageError } from './broken-image.js';
import { exifOrientation, type StoredOrientation, upright } from './exif.js';
import { fourLetters } from './four-letters.js';
import { checkClaim, checkParts, type PictureSize } from './limits.js';

/** How the pixels of a PNG are stored, by its IHDR chunk. */
export interface PngLayout extends PictureSize {
  /** Bits per sample. */
  readonly depth: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA. */
  readonly colourType: number;
  /** Samples per pixel; 1 for a palette index. */
  readonly samples: number;
  readonly interlaced: boolean;
}

const samplesOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const depthsOf: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};

/** Reads the IHDR chunk, which comes first. @throws BrokenImageError if the PNG format does not allow what it says. */
export function readLayout(view: DataView): PngLayout {
  if (view.getUint32(8) !== 13 || fourLetters(view, 12) !== 'IHDR') {
    throw new BrokenImageError('the PNG does not begin with an IHDR chunk of 13 bytes');
  }
  const [depth, colourType, compression, filter, interlace] = [24, 25, 26, 27, 28].map((at) =>
    view.getUint8(at),
  ) as [number, number, number, number, number];
  if (!depthsOf[colourType]?.includes(depth)) {
    throw new BrokenImageError(
      `the PNG has colour type ${colourType} with ${depth} bits per sample, which the PNG format does not allow`,
    );
  }
  if (compression !== 0 || filter !== 0 || interlace > 1) {
    throw new BrokenImageError(
      `the PNG has compression ${compression}, filter method ${filter} and interlacing ${interlace}, ` +
        'expected 0, 0, and 0 or 1',
    );
  }
  return {
    width: view.getUint32(16),
    height: view.getUint32(20),
    depth,
    colourType,
    samples: samplesOf[colourType] as number,
    interlaced: interlace === 1,
  };
}

/** One pass over the pixels of a PNG: those at left + i·stepX, top + j·stepY. */
export interface Pass extends PictureSize {
  readonly left: number;
  readonly top: number;
  readonly stepX: number;
  readonly stepY: number;
  /** Bytes of a row. */
  readonly stride: number;
}

/**
 * The one pass of a plain PNG and the seven of an interlaced one: left, top, stepX, stepY.
 * Source: PNG specification, third edition, §8.1.
 */
const whole = [[0, 0, 1, 1]] as const;
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

export function passesOf(layout: PngLayout): Pass[] {
  const { width, height, samples, depth } = layout;
  return (layout.interlaced ? adam7 : whole)
    .map(([left, top, stepX, stepY]) => {
      const across = Math.ceil((width - left) / stepX);
      return {
        ...{ left, top, stepX, stepY },
        width: across,
        height: Math.ceil((height - top) / stepY),
        stride: Math.ceil((across * samples * depth) / 8),
      };
    })
    .filter((pass) => pass.width > 0 && pass.height > 0);
}

/** The bytes of all pixels before their compression: each row has one more byte that names its filter. */
export function filteredBytes(layout: PngLayout): number {
  return passesOf(layout).reduce((sum, { height, stride }) => sum + height * (1 + stride), 0);
}

/** A byte of deflate data codes at most 1032 bytes: 258 with 2 bits. Source: RFC 1951, §3.2.5. */
const deflateRatio = 1032;

export function readPngHeader(view: DataView): PictureSize & StoredOrientation {
  const layout = readLayout(view);
  let stored: StoredOrientation | undefined;
  let coded = 0;
  for (const { type, start, length } of pngChunks(view)) {
    if (type === 'eXIf' && coded === 0) stored ??= exifOrientation(view, start, length); // ignored after the pixels
    if (type === 'IDAT') coded += length;
  }
  checkClaim(layout, filteredBytes(layout) / deflateRatio, coded);
  return { width: layout.width, height: layout.height, ...(stored ?? upright) };
}

export interface PngChunk {
  readonly type: string;
  /** Position of the chunk's data, which follow its length and its type. */
  readonly start: number;
  readonly length: number;
}

/**
 * Lists the chunks of a PNG up to IEND. Bytes after IEND are ignored.
 * @throws BrokenImageError if the file ends before IEND or has too many chunks.
 */
export function* pngChunks(view: DataView): Generator<PngChunk> {
  for (let at = 8, count = 1; at + 12 <= view.byteLength; count++) {
    checkParts(count, 'chunks');
    const length = view.getUint32(at);
    const type = fourLetters(view, at + 4);
    if (at + 12 + length > view.byteLength)
      throw new BrokenImageError(`the PNG ends inside its ${type} chunk`);
    yield { type, start: at + 8, length };
    if (type === 'IEND') return;
    at += 12 + length;
  }
  throw new BrokenImageError('the PNG ends without an IEND chunk');
}
