import { type PngChunk, pngChunks } from './header.js';
import type { RawImage } from './images.js';
import { paeth } from './paeth.js';
import { inflate } from './streams.js';

interface Png {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  /** Samples per pixel as stored; 1 for a palette index. */
  readonly samples: number;
  readonly palette: Uint8Array | undefined;
  /** Alpha values of the palette entries, or the single transparent colour. */
  readonly transparency: DataView | undefined;
  readonly data: readonly Uint8Array[];
  readonly interlaced: boolean;
}

/**
 * Decodes a PNG to 8 bits per sample, without any colour conversion: no gamma and no profile is applied.
 *
 * - 16-bit samples keep their upper 8 bits. Samples of 1, 2 or 4 bits are scaled to 0 … 255.
 * - Palette indices become RGB, or RGBA if the palette has alpha.
 * - A transparent colour becomes an alpha channel.
 * - Checksums are not verified. Of an animated PNG only the first frame is decoded.
 *
 * @throws RangeError that names the broken part. Memory is allocated for the stated size only, so a small file
 *   cannot fill the memory.
 * Source: PNG specification, third edition.
 */
export async function decodePng(bytes: Uint8Array): Promise<RawImage> {
  const png = parse(bytes);
  const passes = png.interlaced ? adam7(png) : [whole(png)];
  const lengths = passes.map((pass) => pass.height * (1 + strideOf(png, pass.width)));
  const filtered = await inflate(
    png.data,
    lengths.reduce((sum, length) => sum + length, 0),
  );
  const { channels, asStored, expand } = expander(png);
  const data = new Uint8Array(png.width * png.height * channels);
  let at = 0;
  for (const [i, pass] of passes.entries()) {
    const rows = filtered.subarray(at, at + (lengths[i] as number));
    at += lengths[i] as number;
    unfilter(rows, strideOf(png, pass.width), Math.max((png.samples * png.depth) >> 3, 1));
    for (let y = 0; y < pass.height; y++) {
      const start = y * (1 + strideOf(png, pass.width)) + 1;
      const row = rows.subarray(start, start + strideOf(png, pass.width));
      const target = (pass.top + y * pass.stepY) * png.width + pass.left;
      if (asStored && pass.stepX === 1) data.set(row, target * channels);
      else for (let x = 0; x < pass.width; x++) expand(row, x, data, (target + x * pass.stepX) * channels);
    }
  }
  return { data, width: png.width, height: png.height, channels };
}

const samplesOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const depthsOf: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};

function parse(bytes: Uint8Array): Png {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const part = ({ start, length }: PngChunk) => bytes.subarray(start, start + length);
  const data: Uint8Array[] = [];
  let palette: Uint8Array | undefined;
  let transparency: DataView | undefined;
  for (const found of pngChunks(view)) {
    if (found.type === 'PLTE') palette = part(found);
    if (found.type === 'tRNS')
      transparency = new DataView(view.buffer, view.byteOffset + found.start, found.length);
    if (found.type === 'IDAT') data.push(part(found));
    if (found.type === 'IEND') break;
  }
  const [depth, colourType, , , interlace] = bytes.subarray(24, 29);
  if (!depthsOf[colourType as number]?.includes(depth as number)) {
    throw new RangeError(
      `the PNG has colour type ${colourType} with ${depth} bits per sample, which the PNG format does not allow`,
    );
  }
  if (colourType === 3 && !palette) throw new RangeError('the PNG has colour type 3 but no palette');
  return {
    width: view.getUint32(16),
    height: view.getUint32(20),
    depth: depth as number,
    samples: samplesOf[colourType as number] as number,
    palette: colourType === 3 ? palette : undefined,
    transparency,
    data,
    interlaced: interlace === 1,
  };
}

/** One pass of an interlaced PNG: the pixels at left + i·stepX, top + j·stepY. */
interface Pass {
  readonly left: number;
  readonly top: number;
  readonly stepX: number;
  readonly stepY: number;
  readonly width: number;
  readonly height: number;
}

function whole({ width, height }: Png): Pass {
  return { left: 0, top: 0, stepX: 1, stepY: 1, width, height };
}

function adam7({ width, height }: Png): Pass[] {
  const starts = [
    [0, 0, 8, 8],
    [4, 0, 8, 8],
    [0, 4, 4, 8],
    [2, 0, 4, 4],
    [0, 2, 2, 4],
    [1, 0, 2, 2],
    [0, 1, 1, 2],
  ] as const;
  return starts
    .map(([left, top, stepX, stepY]) => ({
      ...{ left, top, stepX, stepY },
      width: Math.ceil((width - left) / stepX),
      height: Math.ceil((height - top) / stepY),
    }))
    .filter((pass) => pass.width > 0 && pass.height > 0);
}

function strideOf({ samples, depth }: Png, width: number): number {
  return Math.ceil((width * samples * depth) / 8);
}

/** Undoes the filter of each row in place. `step` is the distance in bytes to the pixel on the left. */
function unfilter(rows: Uint8Array, stride: number, step: number): void {
  let above = new Uint8Array(stride);
  for (let start = 0; start < rows.length; start += 1 + stride) {
    const row = rows.subarray(start + 1, start + 1 + stride);
    unfilterRow(rows[start] as number, row, above, step);
    above = row as Uint8Array<ArrayBuffer>;
  }
}

function unfilterRow(filter: number, row: Uint8Array, above: Uint8Array, step: number): void {
  const at = (bytes: Uint8Array, i: number) => (i < 0 ? 0 : (bytes[i] as number));
  switch (filter) {
    case 0:
      return;
    case 1:
      for (let i = step; i < row.length; i++) row[i] = at(row, i) + at(row, i - step);
      return;
    case 2:
      for (let i = 0; i < row.length; i++) row[i] = at(row, i) + at(above, i);
      return;
    case 3:
      for (let i = 0; i < row.length; i++) row[i] = at(row, i) + ((at(row, i - step) + at(above, i)) >> 1);
      return;
    case 4:
      for (let i = 0; i < row.length; i++) {
        row[i] = at(row, i) + paeth(at(row, i - step), at(above, i), at(above, i - step));
      }
      return;
    default:
      throw new RangeError(`the PNG has a row with filter ${filter}, expected 0 to 4`);
  }
}

type Expand = (row: Uint8Array, x: number, to: Uint8Array, at: number) => void;

interface Expander {
  readonly channels: number;
  /** Whether the bytes of a row can be copied unchanged. */
  readonly asStored: boolean;
  /** Writes the bytes of pixel x of a row to `to`, from position `at` on. */
  readonly expand: Expand;
}

function expander(png: Png): Expander {
  const { depth, samples, palette, transparency } = png;
  if (palette) return fromPalette(palette, transparency, depth);
  const scale = depth < 8 ? 255 / (2 ** depth - 1) : 1;
  const bytes = depth === 16 ? 2 : 1;
  const key = transparency
    ? Array.from({ length: samples }, (_, c) => transparency.getUint16(2 * c))
    : undefined;
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

function fromPalette(palette: Uint8Array, alpha: DataView | undefined, depth: number): Expander {
  return {
    channels: alpha ? 4 : 3,
    asStored: false,
    expand(row, x, to, at) {
      const index = bitsAt(row, x, depth);
      if (3 * index >= palette.length) {
        throw new RangeError(`the PNG uses palette index ${index}, expected less than ${palette.length / 3}`);
      }
      for (let c = 0; c < 3; c++) to[at + c] = palette[3 * index + c] as number;
      if (alpha) to[at + 3] = index < alpha.byteLength ? alpha.getUint8(index) : 255;
    },
  };
}

function bitsAt(row: Uint8Array, x: number, depth: number): number {
  const bit = x * depth;
  return ((row[bit >> 3] as number) >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
}
