import { BrokenImageError } from './broken-image.js';
import { exifOrientation, type StoredOrientation, upright } from './exif.js';
import { fourLetters } from './four-letters.js';
import { checkClaim, checkParts, type Size } from './limits.js';

/** Progressive JPEGs have about ten. A decoder visits every block in each scan, however few bytes the scan has. */
const maxScans = 64;

interface Frame extends Size {
  readonly components: readonly Component[];
}

interface Component {
  readonly id: number;
  /** 8×8 blocks of samples. */
  readonly blocks: number;
}

/**
 * Walks over the segments and scans of a JPEG up to its end (EOI). Bytes between segments and after the end are
 * ignored, as in other decoders.
 * Source: ITU-T T.81, annex B.
 */
export function readJpegHeader(view: DataView): Size & StoredOrientation {
  let stored: StoredOrientation = upright;
  let frame: Frame | undefined;
  let coded = 0; // bytes in scans
  const scanned = new Set<number>();
  for (const { marker, start, length, next, scans } of jpegSegments(view)) {
    if (marker === 0xe1 && length > 6 && fourLetters(view, start) === 'Exif') {
      stored = exifOrientation(view, start + 6, length - 6);
    } else if (isFrame(marker)) {
      if (frame) throw new BrokenImageError('the JPEG has two frames, expected one');
      frame = readFrame(view, marker, start);
    } else if (marker === 0xda) {
      if (!frame) throw new BrokenImageError('the JPEG has a scan before its frame');
      if (scans > maxScans) throw new BrokenImageError(`the JPEG has more than ${maxScans} scans`);
      for (let i = 0; i < view.getUint8(start); i++) scanned.add(view.getUint8(start + 1 + 2 * i));
      coded += next - start - length;
    }
  }
  if (!frame) throw new BrokenImageError('the JPEG has no frame');
  const { width, height, components } = frame;
  if (!components.every(({ id }) => scanned.has(id))) {
    throw new BrokenImageError('the JPEG has no scan of one of its components');
  }
  // A Huffman code has at least one bit, and the first scan of a block at least one code.
  const blocks = components.reduce((sum, component) => sum + component.blocks, 0);
  checkClaim(frame, blocks / 8, coded);
  return { width, height, ...stored };
}

interface JpegSegment {
  readonly marker: number;
  /** Position and length of the data, which follow the marker and the length. */
  readonly start: number;
  readonly length: number;
  /** Position of the next marker. After the header of a scan, the coded data reach up to it. */
  readonly next: number;
  /** Scans so far, this one included. */
  readonly scans: number;
}

function* jpegSegments(view: DataView): Generator<JpegSegment> {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  for (let at = nextMarker(bytes, 2), count = 1, scans = 0; bytes[at + 1] !== 0xd9; count++) {
    checkParts(count, 'segments');
    const marker = view.getUint8(at + 1);
    const length = view.getUint16(at + 2) - 2;
    const start = at + 4;
    if (length < 0 || !isKnown(marker)) {
      throw new BrokenImageError(`the JPEG has a broken segment, marker ${marker}, at byte ${at}`);
    }
    at = nextMarker(bytes, start + length);
    if (marker === 0xda) scans++;
    yield { marker, start, length, next: at, scans };
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

function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** Frames, scans, tables, application data and comments. */
function isKnown(marker: number): boolean {
  return isFrame(marker) || [0xc4, 0xda, 0xdb, 0xdd, 0xfe].includes(marker) || marker >> 4 === 0xe;
}

function readFrame(view: DataView, marker: number, start: number): Frame {
  const [precision, count] = [view.getUint8(start), view.getUint8(start + 5)];
  const [height, width] = [view.getUint16(start + 1), view.getUint16(start + 3)];
  if (marker > 0xc2 || precision !== 8) {
    throw new TypeError(
      `expected a baseline or progressive JPEG of 8 bits, got frame type ${marker - 0xc0} of ${precision} bits; ` +
        'convert it to one of these',
    );
  }
  if (count === 4) throw new TypeError('expected a JPEG in RGB or grey, got CMYK; convert it to RGB');
  if (count !== 1 && count !== 3)
    throw new TypeError(`expected a JPEG in RGB or grey, got ${count} components`);
  const factors = Array.from({ length: count }, (_, i) => {
    const factor = view.getUint8(start + 7 + 3 * i);
    return { id: view.getUint8(start + 6 + 3 * i), across: factor >> 4, down: factor & 15 };
  });
  const most = {
    across: Math.max(...factors.map(({ across }) => across)),
    down: Math.max(...factors.map(({ down }) => down)),
  };
  const blocks = (side: number, factor: number, largest: number) => {
    if (factor === 0 || factor > 4 || largest % factor !== 0) {
      throw new BrokenImageError(
        `the JPEG has sampling factors ${factor} and ${largest}, expected divisors up to 4`,
      );
    }
    return Math.ceil((side * factor) / largest / 8);
  };
  const components = factors.map(({ id, across, down }) => ({
    id,
    blocks: blocks(width, across, most.across) * blocks(height, down, most.down),
  }));
  return { width, height, components };
}
