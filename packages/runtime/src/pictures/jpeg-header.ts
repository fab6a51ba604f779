import { BrokenImageError } from './broken-image.js';
import { exifOrientation, type StoredOrientation, upright } from './exif.js';
import { fourLetters } from './four-letters.js';
import { checkScans, type ScanChecker, tablesIn } from './jpeg-scans.js';
import { isFrame, jpegMarker, jpegSegments } from './jpeg-segments.js';
import { checkClaim, type PictureSize } from './limits.js';
import { UnsupportedImageError } from './unsupported-image.js';

interface Frame extends PictureSize {
  readonly scans: ScanChecker;
  /** 8×8 blocks of samples, of all components. */
  readonly blocks: number;
}

/**
 * Reads the structure of a whole JPEG. Its first EXIF segment tells the orientation, as in other decoders.
 * Source: ITU-T T.81, annex B.
 */
export function readJpegHeader(view: DataView): PictureSize & StoredOrientation {
  let stored: StoredOrientation | undefined;
  let frame: Frame | undefined;
  let coded = 0; // bytes in scans
  const tables = new Set<number>();
  for (const { marker, start, length, next } of jpegSegments(view)) {
    const data = new Uint8Array(
      view.buffer,
      view.byteOffset + start,
      Math.min(length, view.byteLength - start),
    );
    if (marker === 0xe1 && length > 6 && fourLetters(view, start) === 'Exif') {
      stored ??= exifOrientation(view, start + 6, length - 6);
    } else if (isFrame(marker)) {
      if (frame) throw new BrokenImageError('the JPEG has two frames, expected one');
      frame = readFrame(view, marker, start, length, tables);
    } else if (marker === jpegMarker.huffman) {
      for (const table of tablesIn(data)) tables.add(table);
    } else if (marker === jpegMarker.scan) {
      if (!frame) throw new BrokenImageError('the JPEG has a scan before its frame');
      frame.scans.add(data);
      coded += next - start - length;
    }
  }
  if (!frame) throw new BrokenImageError('the JPEG has no frame');
  frame.scans.finish();
  // A Huffman code has at least one bit, and the first scan of a block at least one code.
  checkClaim(frame, frame.blocks / 8, coded);
  return { width: frame.width, height: frame.height, ...(stored ?? upright) };
}

function readFrame(
  view: DataView,
  marker: number,
  start: number,
  length: number,
  tables: ReadonlySet<number>,
): Frame {
  const [precision, count] = [view.getUint8(start), view.getUint8(start + 5)];
  const [height, width] = [view.getUint16(start + 1), view.getUint16(start + 3)];
  if (marker > 0xc2 || precision !== 8) {
    throw new UnsupportedImageError(
      `expected a baseline or progressive JPEG of 8 bits, got frame type ${marker - 0xc0} of ${precision} bits; ` +
        'convert it to one of these',
    );
  }
  if (count === 4)
    throw new UnsupportedImageError('expected a JPEG in RGB or grey, got CMYK; convert it to RGB');
  if (count !== 1 && count !== 3)
    throw new UnsupportedImageError(`expected a JPEG in RGB or grey, got ${count} components`);
  if (length !== 6 + 3 * count) throw new BrokenImageError('the JPEG has a frame of a wrong length');
  const factors = Array.from({ length: count }, (_, i) => {
    const factor = view.getUint8(start + 7 + 3 * i);
    return { id: view.getUint8(start + 6 + 3 * i), across: factor >> 4, down: factor & 15 };
  });
  const most = {
    across: Math.max(...factors.map(({ across }) => across)),
    down: Math.max(...factors.map(({ down }) => down)),
  };
  const blocksOf = (side: number, factor: number, largest: number) => {
    if (factor === 0 || factor > 4 || largest % factor !== 0) {
      throw new BrokenImageError(
        `the JPEG has sampling factors ${factor} and ${largest}, expected divisors up to 4`,
      );
    }
    return Math.ceil((side * factor) / largest / 8);
  };
  const blocks = factors.reduce(
    (sum, { across, down }) => sum + blocksOf(width, across, most.across) * blocksOf(height, down, most.down),
    0,
  );
  return { width, height, blocks, scans: checkScans(marker === 0xc2, factors, tables) };
}
