import { BrokenImageError } from './broken-image.js';
import { checkParts } from './limits.js';

export interface JpegSegment {
  readonly marker: number;
  /** Position and length of the data, which follow the marker and the length. */
  readonly start: number;
  readonly length: number;
  /** Position of the next marker. After the header of a scan, the coded data reach up to it. */
  readonly next: number;
}

/** Markers of segments. Source: ITU-T T.81, table B.1. */
export const jpegMarker = { huffman: 0xc4, end: 0xd9, scan: 0xda, steps: 0xdb, restart: 0xdd } as const;

/**
 * Lists the segments of a JPEG up to its end (EOI). Bytes between segments and after the end are passed over, as in
 * other decoders.
 * @throws BrokenImageError if the file ends before EOI, or has an unknown segment or too many of them.
 * Source: ITU-T T.81, annex B.
 */
export function* jpegSegments(view: DataView): Generator<JpegSegment> {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  for (let at = nextMarker(bytes, 2), count = 1; bytes[at + 1] !== jpegMarker.end; count++) {
    checkParts(count, 'segments');
    const marker = view.getUint8(at + 1);
    const length = view.getUint16(at + 2) - 2;
    const start = at + 4;
    if (length < 0 || !isKnown(marker)) {
      throw new BrokenImageError(`the JPEG has a broken segment, marker ${marker}, at byte ${at}`);
    }
    at = nextMarker(bytes, start + length);
    yield { marker, start, length, next: at };
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

/** Frames: SOF0 to SOF15. */
export function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** Frames, scans, tables, application data and comments. */
function isKnown(marker: number): boolean {
  return isFrame(marker) || [0xc4, 0xda, 0xdb, 0xdd, 0xfe].includes(marker) || marker >> 4 === 0xe;
}
