import { BrokenImageError } from './broken-image.js';
import type { PngLayout } from './png-layout.js';

/** The chunks of a PNG that say which colours its samples mean. */
export interface PngColours {
  /** RGB of each entry; undefined if the samples are colours themselves. */
  readonly palette: Uint8Array | undefined;
  /** Alpha of the first entries of the palette, or the transparent colour: 16 bits for each sample. */
  readonly transparency: Uint8Array | undefined;
}

/** Writes the bytes of pixel x of a row to `to`, from position `at` on. */
type Expand = (row: Uint8Array, x: number, to: Uint8Array, at: number) => void;

interface Expander {
  readonly channels: number;
  /** Whether the bytes of a row can be copied unchanged. */
  readonly asStored: boolean;
  readonly expand: Expand;
}

/** How the samples of a PNG become 8 bits per channel. @throws BrokenImageError if PLTE or tRNS do not fit. */
export function expanderOf(layout: PngLayout, { palette, transparency }: PngColours): Expander {
  const { depth, samples, colourType } = layout;
  if (palette && (palette.length === 0 || palette.length % 3 !== 0 || palette.length > 768)) {
    throw new BrokenImageError(
      `the PNG has a palette of ${palette.length} bytes, expected 3 bytes for each of 1 to 256 entries`,
    );
  }
  if (colourType === 3) return fromPalette(palette, transparency, depth);
  if (transparency && (colourType > 3 || transparency.length !== 2 * samples)) {
    throw new BrokenImageError(
      `the PNG has colour type ${colourType} and a tRNS chunk of ${transparency.length} bytes, ` +
        'which the PNG format does not allow',
    );
  }
  const scale = depth < 8 ? 255 / (2 ** depth - 1) : 1;
  const bytes = depth === 16 ? 2 : 1;
  const key = transparency && keyOf(transparency, depth);
  const sample = (row: Uint8Array, i: number) =>
    depth < 8 ? bitsAt(row, i, depth) : (row[i * bytes] as number);
  const exact = (row: Uint8Array, i: number) =>
    depth === 16 ? (sample(row, i) << 8) | (row[2 * i + 1] as number) : sample(row, i);
  return {
    channels: samples + (key ? 1 : 0),
    asStored: depth === 8 && !key,
    expand(row, x, to, at) {
      for (let c = 0; c < samples; c++) to[at + c] = sample(row, x * samples + c) * scale;
      if (key) to[at + samples] = key.every((value, c) => exact(row, x * samples + c) === value) ? 0 : 255;
    },
  };
}

/** The transparent colour. Bits beyond the depth do not count (PNG specification, third edition, §11.3.1.1). */
function keyOf(transparency: Uint8Array, depth: number): number[] {
  return Array.from({ length: transparency.length / 2 }, (_, c) => {
    const value = ((transparency[2 * c] as number) << 8) | (transparency[2 * c + 1] as number);
    return value & (2 ** depth - 1);
  });
}

function fromPalette(
  palette: Uint8Array | undefined,
  alpha: Uint8Array | undefined,
  depth: number,
): Expander {
  if (!palette) throw new BrokenImageError('the PNG has colour type 3 but no palette');
  const entries = palette.length / 3;
  if (alpha && alpha.length > entries) {
    throw new BrokenImageError(
      `the PNG has ${alpha.length} alpha values for a palette of ${entries} entries`,
    );
  }
  return {
    channels: alpha ? 4 : 3,
    asStored: false,
    expand(row, x, to, at) {
      const index = bitsAt(row, x, depth);
      if (index >= entries) {
        throw new BrokenImageError(`the PNG uses palette index ${index}, expected less than ${entries}`);
      }
      for (let c = 0; c < 3; c++) to[at + c] = palette[3 * index + c] as number;
      if (alpha) to[at + 3] = alpha[index] ?? 255;
    },
  };
}

function bitsAt(row: Uint8Array, x: number, depth: number): number {
  const bit = x * depth;
  return ((row[bit >> 3] as number) >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
}
