import { BrokenImageError } from '../broken-image.js';
import { BitReader } from './bit-reader.js';
import type { HuffmanTable } from './huffman.js';

/** The coefficients of one component. */
export interface Coefficients {
  /** 64 for each block, in natural order (not zigzag). */
  readonly values: Int16Array;
  /** Blocks of a row in `values`. */
  readonly stride: number;
  /** Blocks that belong to the image. */
  readonly width: number;
  readonly height: number;
  /** Blocks of a unit of the image, horizontally and vertically. */
  readonly across: number;
  readonly down: number;
}

export interface ScannedComponent {
  readonly coefficients: Coefficients;
  readonly dc: HuffmanTable | undefined;
  readonly ac: HuffmanTable | undefined;
}

export interface Scan {
  readonly components: readonly ScannedComponent[];
  /** The coefficients of the scan, in zigzag order. */
  readonly first: number;
  readonly last: number;
  /** The bit of the coefficients that comes first; whether coarser bits came in an earlier scan. */
  readonly bit: number;
  readonly refines: boolean;
  readonly progressive: boolean;
  /** Units between restart markers, 0 without them. */
  readonly restartInterval: number;
  /** Units of a row and of a column of the image, for scans of several components. */
  readonly units: { readonly across: number; readonly down: number };
}

/**
 * Decodes the coded data of a scan into the coefficients of its components.
 * @param from where the data begin.
 * @param to where they end: the position of the next marker. Undefined if data may be left over.
 * @throws BrokenImageError if the data do not fit the scan, as libjpeg-turbo warns of.
 * Source: ITU-T T.81, annexes F.2 and G.2.
 */
export function decodeScan(bytes: Uint8Array, from: number, to: number | undefined, scan: Scan): void {
  const { components, restartInterval } = scan;
  const only = components.length === 1 ? components[0]?.coefficients : undefined;
  const width = only ? only.width : scan.units.across;
  const count = width * (only ? only.height : scan.units.down);
  let reader = new BitReader(bytes, from);
  let decoders = components.map((component) => blockDecoder(reader, component, scan));
  for (let unit = 0; unit < count; unit++) {
    if (restartInterval > 0 && unit > 0 && unit % restartInterval === 0) {
      reader = new BitReader(bytes, afterRestart(bytes, reader.end(), unit / restartInterval));
      decoders = components.map((component) => blockDecoder(reader, component, scan));
    }
    const [x, y] = [unit % width, Math.floor(unit / width)];
    for (const [i, { coefficients }] of components.entries()) {
      const decode = decoders[i] as BlockDecoder;
      const { stride, across, down } = coefficients;
      if (only) decode(64 * (y * stride + x));
      else {
        for (let v = 0; v < down; v++) {
          for (let h = 0; h < across; h++) decode(64 * ((y * down + v) * stride + x * across + h));
        }
      }
    }
    reader.check();
  }
  if (to !== undefined && reader.end() !== to) {
    throw new BrokenImageError('the JPEG has too much data in a scan');
  }
}

function afterRestart(bytes: Uint8Array, at: number, count: number): number {
  if (bytes[at + 1] === 0xd0 + ((count - 1) & 7)) return at + 2;
  throw new BrokenImageError('the JPEG lacks a restart marker');
}

/** Decodes the next block into the 64 coefficients from `at` on. */
type BlockDecoder = (at: number) => void;

function blockDecoder(
  reader: BitReader,
  { coefficients, dc, ac }: ScannedComponent,
  scan: Scan,
): BlockDecoder {
  const { values } = coefficients;
  if (!scan.progressive) return baseline(reader, values, tableOf(dc), tableOf(ac));
  if (scan.first > 0) {
    return scan.refines
      ? refineAc(reader, values, tableOf(ac), scan)
      : firstAc(reader, values, tableOf(ac), scan);
  }
  if (!scan.refines) return firstDc(reader, values, tableOf(dc), scan.bit);
  return (at) => {
    if (reader.bits(1)) values[at] = (values[at] as number) | (1 << scan.bit);
  };
}

function tableOf(table: HuffmanTable | undefined): HuffmanTable {
  if (table) return table;
  throw new BrokenImageError('the JPEG has a scan without its Huffman table');
}

function baseline(reader: BitReader, values: Int16Array, dc: HuffmanTable, ac: HuffmanTable): BlockDecoder {
  let mean = 0;
  return (at) => {
    mean += reader.signed(reader.symbol(dc));
    values[at] = mean;
    for (let k = 1; k < 64; k++) {
      const symbol = reader.symbol(ac);
      const [zeros, size] = [symbol >> 4, symbol & 15];
      if (size === 0 && zeros < 15) return;
      k += zeros;
      if (size > 0) values[at + (naturalOrder[k] as number)] = reader.signed(size);
    }
  };
}

function firstDc(reader: BitReader, values: Int16Array, dc: HuffmanTable, bit: number): BlockDecoder {
  let mean = 0;
  return (at) => {
    mean += reader.signed(reader.symbol(dc));
    values[at] = mean << bit;
  };
}

/** A run of blocks may be without further coefficients: `blocksToSkip`. */
function firstAc(
  reader: BitReader,
  values: Int16Array,
  ac: HuffmanTable,
  { first, last, bit }: Scan,
): BlockDecoder {
  let blocksToSkip = 0;
  return (at) => {
    if (blocksToSkip > 0) {
      blocksToSkip--;
      return;
    }
    for (let k = first; k <= last; k++) {
      const symbol = reader.symbol(ac);
      const [zeros, size] = [symbol >> 4, symbol & 15];
      if (size === 0 && zeros < 15) {
        blocksToSkip = (1 << zeros) + reader.bits(zeros) - 1;
        return;
      }
      k += zeros;
      if (size > 0) values[at + (naturalOrder[k] as number)] = reader.signed(size) << bit;
    }
  };
}

/** Coefficients that are not zero get one more bit each. Between them, new ones of this bit alone appear. */
function refineAc(
  reader: BitReader,
  values: Int16Array,
  ac: HuffmanTable,
  { first, last, bit }: Scan,
): BlockDecoder {
  let blocksToSkip = 0;
  const unit = 1 << bit;

  /** Passes over `zeros` coefficients that stay zero. Gives the place of the one after them. */
  const refine = (at: number, from: number, zeros: number): number => {
    for (let k = from, left = zeros; k <= last; k++) {
      const i = at + (naturalOrder[k] as number);
      const value = values[i] as number;
      if (value === 0) {
        if (left === 0) return k;
        left--;
      } else if (reader.bits(1) && (value & unit) === 0) {
        values[i] = value > 0 ? value + unit : value - unit;
      }
    }
    return last + 1;
  };

  return (at) => {
    let k = first;
    while (blocksToSkip === 0 && k <= last) {
      const symbol = reader.symbol(ac);
      const [zeros, size] = [symbol >> 4, symbol & 15];
      if (size > 1) throw new BrokenImageError('the JPEG refines a coefficient by more than one bit');
      if (size === 0 && zeros < 15) {
        blocksToSkip = (1 << zeros) + reader.bits(zeros);
        break;
      }
      const added = size === 0 ? 0 : reader.bits(1) ? unit : -unit;
      k = refine(at, k, zeros);
      if (added !== 0) values[at + (naturalOrder[k] as number)] = added;
      k++;
    }
    if (blocksToSkip > 0) {
      refine(at, k, 64);
      blocksToSkip--;
    }
  };
}

/** Zigzag → natural order. A run beyond the end of a block ends at its last coefficient. */
export const naturalOrder: Uint8Array = zigzag();

function zigzag(): Uint8Array {
  const order = new Uint8Array(64 + 16).fill(63);
  for (let k = 0, x = 0, y = 0; k < 64; k++) {
    order[k] = 8 * y + x;
    const upwards = (x + y) % 2 === 0;
    const [forwards, sidewards] = upwards ? [x, y] : [y, x];
    if (forwards === 7) upwards ? y++ : x++;
    else if (sidewards === 0) upwards ? x++ : y++;
    else if (upwards) [x, y] = [x + 1, y - 1];
    else [x, y] = [x - 1, y + 1];
  }
  return order;
}
