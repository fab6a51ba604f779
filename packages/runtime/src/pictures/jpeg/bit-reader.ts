import { BrokenImageError } from '../broken-image.js';
import { codeBits, fastBits, type HuffmanTable } from './huffman.js';

/**
 * Reads the coded data of a JPEG bit by bit, up to the next marker. A zero after 0xff is not part of the data.
 * Source: ITU-T T.81, annex B.1.1.5 and figure F.18.
 */
export class BitReader {
  /** The last `count` bits are unread. */
  private buffer = 0;
  private count = 0;
  /** How many of the unread bits do not exist: zeros after the end of the data. */
  private missing = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private at: number,
  ) {}

  /** The next `length` bits, at most 16. */
  bits(length: number): number {
    if (this.count < length) this.fill();
    this.count -= length;
    return (this.buffer >>> this.count) & ((1 << length) - 1);
  }

  /** The next number of `length` bits, at most 15. The first half of the codes are the negative numbers. */
  signed(length: number): number {
    if (length === 0) return 0;
    const value = this.bits(length);
    return value < 1 << (length - 1) ? value - (1 << length) + 1 : value;
  }

  symbol({ fast, limits, offsets, symbols }: HuffmanTable): number {
    if (this.count < codeBits) this.fill();
    const ahead = (this.buffer >>> (this.count - codeBits)) & 0xffff;
    const entry = fast[ahead >>> (codeBits - fastBits)] as number;
    if (entry !== 0) {
      this.count -= entry >> 8;
      return entry & 0xff;
    }
    for (let length = fastBits + 1; length <= codeBits; length++) {
      const code = ahead >>> (codeBits - length);
      if (code >= (limits[length] as number)) continue;
      this.count -= length;
      return symbols[code + (offsets[length] as number)] as number;
    }
    throw new BrokenImageError('the JPEG has a code that its tables do not have');
  }

  /** @throws BrokenImageError if more bits were read than there are. */
  check(): void {
    if (this.count < this.missing) throw new BrokenImageError('the JPEG has too little data in a scan');
  }

  /**
   * Gives the position of the marker that ends the data.
   * @throws BrokenImageError if data are left over.
   */
  end(): number {
    const unread = (this.count - this.missing) >> 3;
    let at = this.at;
    while (this.isData(at)) at += this.bytes[at] === 0xff ? 2 : 1;
    if (at - this.at + unread > 0) throw new BrokenImageError('the JPEG has too much data in a scan');
    while (this.bytes[at + 1] === 0xff) at++; // fill bytes
    return at;
  }

  private fill(): void {
    while (this.count <= 24) {
      let byte = 0;
      if (this.isData(this.at)) {
        byte = this.bytes[this.at] as number;
        this.at += byte === 0xff ? 2 : 1;
      } else {
        this.missing += 8;
      }
      this.buffer = (this.buffer << 8) | byte;
      this.count += 8;
    }
  }

  private isData(at: number): boolean {
    return at < this.bytes.length && (this.bytes[at] !== 0xff || this.bytes[at + 1] === 0);
  }
}
