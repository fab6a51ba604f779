import { BrokenImageError } from '../broken-image.js';

/** The longest code. */
export const codeBits = 16;
/** Codes up to this length are looked up at once. */
export const fastBits = 9;

export interface HuffmanTable {
  /** For the next `fastBits` bits: the length of the code × 256 + its symbol, 0 if the code is longer. */
  readonly fast: Uint16Array;
  /** For each length: the first number that is not a code of this length. */
  readonly limits: Int32Array;
  /** For each length: code + offset is the place of its symbol. */
  readonly offsets: Int32Array;
  readonly symbols: Uint8Array;
}

/**
 * Makes a table from the number of codes of each length, 1 to 16, and their symbols.
 * @throws BrokenImageError if there are more codes than their lengths allow. A code of only ones is not allowed.
 * Source: ITU-T T.81, annex C.
 */
export function huffmanTable(counts: Uint8Array, symbols: Uint8Array): HuffmanTable {
  const fast = new Uint16Array(1 << fastBits);
  const limits = new Int32Array(codeBits + 1);
  const offsets = new Int32Array(codeBits + 1);
  for (let length = 1, code = 0, place = 0; length <= codeBits; length++, code <<= 1) {
    offsets[length] = place - code;
    for (let i = counts[length - 1] as number; i > 0; i--, code++, place++) {
      if (length > fastBits) continue;
      const spread = fastBits - length;
      fast.fill((length << 8) | (symbols[place] as number), code << spread, (code + 1) << spread);
    }
    if (code >= 1 << length) throw new BrokenImageError('the JPEG has a Huffman table with too many codes');
    limits[length] = code;
  }
  return { fast, limits, offsets, symbols };
}
