import { BrokenImageError } from './broken-image.js';

export interface JpegSegment {
  readonly marker: number;
  /** Position and length of the data, which follow the marker and the length. */
  readonly start: number;
  readonly length: number;
  /** Position of the next marker. After the header of a scan, the coded data reach up to it. */
  readonly next: number;
}

/**
 * Lists the segments of a JPEG up to its end (EOI). Bytes between segments and after the end are passed over.
 * @throws BrokenImageError if the file ends before.
 * Source: ITU-T T.81, annex B.
 */
export function* jpegSegments(bytes: Uint8Array): Generator<JpegSegment> {
  for (let at = nextMarker(bytes, 2); bytes[at + 1] !== 0xd9; ) {
    const length = uint16(bytes, at + 2) - 2;
    if (length < 0) throw new BrokenImageError(`the JPEG has a segment without a length at byte ${at}`);
    const segment = { marker: bytes[at + 1] as number, start: at + 4, length };
    at = nextMarker(bytes, segment.start + length);
    yield { ...segment, next: at };
  }
}

/** Passes over fill bytes, coded data with their stuffed zeros and restarts, and stray bytes. */
function nextMarker(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const code = bytes[at + 1] ?? 0;
    const alone = code <= 0x01 || code === 0xff || (code >= 0xd0 && code <= 0xd7);
    if (!alone) return at;
  }
  throw new BrokenImageError('the JPEG ends without its end marker');
}

export function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

export function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}
