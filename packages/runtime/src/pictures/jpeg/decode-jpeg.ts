import { BrokenImageError } from '../broken-image.js';
import type { RawImage } from '../images.js';
import { isRgb } from '../jpeg-colours.js';
import { isFrame, type JpegSegment, jpegMarker, jpegSegments } from '../jpeg-segments.js';
import type { PictureSize } from '../limits.js';
import { decodeScan, naturalOrder } from './decode-scan.js';
import { type Component, type Frame, readFrame } from './frame.js';
import { type HuffmanTable, huffmanTable } from './huffman.js';
import { imageOf } from './image-of.js';
import { planesOf } from './planes-of.js';
import { uint16 } from './uint16.js';
import type { Plane } from './upsample.js';

/**
 * Decodes a baseline or progressive JPEG of one or three components to the same pixels as libjpeg-turbo, which sharp
 * and most browsers use. The image is not turned, and no profile is applied.
 * @param bytes a file that `readHeader` accepts.
 * @throws BrokenImageError for damage that libjpeg-turbo warns of.
 * Source: ITU-T T.81.
 */
export function decodeJpeg(bytes: Uint8Array): RawImage {
  const { planes, ...size } = samplesOf(bytes);
  return imageOf(size, planes, isRgb(viewOf(bytes)));
}

/**
 * Reads all coded data of a JPEG, without making pixels of them. Other decoders repair damaged data, each in its own
 * way: a JPEG that passes here looks alike in all of them.
 * @throws BrokenImageError as `decodeJpeg` does.
 */
export function readCoefficients(bytes: Uint8Array): Frame {
  const tables: Tables = { steps: [], dc: [], ac: [], restartInterval: 0 };
  let frame: Frame | undefined;
  for (const segment of jpegSegments(viewOf(bytes))) {
    const { marker, start, length } = segment;
    const data = bytes.subarray(start, start + length);
    if (marker === jpegMarker.steps) readSteps(data, tables);
    else if (marker === jpegMarker.huffman) readHuffmanTables(data, tables);
    else if (marker === jpegMarker.restart) tables.restartInterval = uint16(data, 0);
    else if (isFrame(marker)) frame = readFrame(data, marker === 0xc2);
    else if (marker === jpegMarker.scan && frame) readScan(bytes, segment, frame, tables);
  }
  if (!frame) throw new BrokenImageError('the JPEG has no frame');
  return frame;
}

/** The coefficients of a frame take twice the memory of its planes, so they are gone before the image is made. */
function samplesOf(bytes: Uint8Array): PictureSize & { readonly planes: Plane[] } {
  const frame = readCoefficients(bytes);
  return { width: frame.width, height: frame.height, planes: planesOf(frame) };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

interface Tables {
  /** Quantisation tables in natural order, and Huffman tables; each by its number. */
  readonly steps: (Uint16Array | undefined)[];
  readonly dc: (HuffmanTable | undefined)[];
  readonly ac: (HuffmanTable | undefined)[];
  restartInterval: number;
}

function readSteps(data: Uint8Array, { steps }: Tables): void {
  for (let at = 0; at < data.length; ) {
    const head = data[at++] as number;
    if ((head & 15) > 3) throw new BrokenImageError('the JPEG has a quantisation table with a number over 3');
    const width = head < 16 ? 1 : 2;
    if (at + 64 * width > data.length)
      throw new BrokenImageError('the JPEG has an incomplete quantisation table');
    const table = new Uint16Array(64);
    for (let k = 0; k < 64; k++, at += width) {
      table[naturalOrder[k] as number] = width === 1 ? (data[at] as number) : uint16(data, at);
    }
    steps[head & 15] = table;
  }
}

function readHuffmanTables(data: Uint8Array, tables: Tables): void {
  for (let at = 0; at < data.length; ) {
    const head = data[at++] as number;
    if (head >> 4 > 1 || (head & 15) > 3) {
      throw new BrokenImageError('the JPEG has a Huffman table of an unknown kind, or with a number over 3');
    }
    const counts = data.subarray(at, at + 16);
    const count = counts.reduce((sum, each) => sum + each, 0);
    const symbols = data.subarray(at + 16, at + 16 + count);
    if (counts.length < 16 || symbols.length < count || count > 256) {
      throw new BrokenImageError('the JPEG has an incomplete Huffman table');
    }
    at += 16 + count;
    if (head < 16 && symbols.some((symbol) => symbol > 15)) {
      throw new BrokenImageError('the JPEG has a Huffman table with differences of more than 15 bits');
    }
    (head < 16 ? tables.dc : tables.ac)[head & 15] = huffmanTable(counts, symbols);
  }
}

function readScan(bytes: Uint8Array, { start, next }: JpegSegment, frame: Frame, tables: Tables): void {
  const count = bytes[start] as number;
  const components = Array.from({ length: count }, (_, i) => {
    const [id, numbers] = bytes.subarray(start + 1 + 2 * i, start + 3 + 2 * i) as unknown as [number, number];
    const component = frame.components.find((each) => each.id === id) as Component;
    component.steps ??= tables.steps[component.table];
    return {
      coefficients: component.coefficients,
      dc: tables.dc[numbers >> 4],
      ac: tables.ac[numbers & 15],
    };
  });
  const [first = 0, last = 63, bits = 0] = bytes.subarray(start + 1 + 2 * count);
  // libjpeg-turbo does not look behind the only scan of a baseline JPEG.
  const isOnly = !frame.progressive && count === frame.components.length;
  decodeScan(bytes, start + 4 + 2 * count, isOnly ? undefined : next, {
    components,
    first,
    last,
    bit: bits & 15,
    refines: bits >> 4 > 0,
    progressive: frame.progressive,
    restartInterval: tables.restartInterval,
    units: frame.units,
  });
}
