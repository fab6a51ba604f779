import { BrokenImageError } from './broken-image.js';
import { exifOrientation, type StoredOrientation, upright } from './exif.js';
import { fourLetters } from './four-letters.js';
import { checkParts, type PictureSize } from './limits.js';

/**
 * Walks over the chunks of a WebP. A simple file has one image. An extended file begins with the size of its canvas.
 * Its image fills the canvas, or its frames lie within it; the first frame counts.
 * Source: RFC 9649.
 */
export function readWebpHeader(view: DataView): PictureSize & StoredOrientation {
  const riff = chunkAt(view, 0, view.byteLength);
  const chunks = webpChunks(view, 12, riff.start + riff.length);
  const { value: first } = chunks.next();
  if (first?.type !== 'VP8X') return { ...bitstreamSize(view, first), ...upright };
  const canvas = { width: uint24(view, first.start + 4) + 1, height: uint24(view, first.start + 7) + 1 };
  let stored: StoredOrientation | undefined;
  let hasImage = false;
  for (const chunk of chunks) {
    if (chunk.type === 'EXIF') stored ??= exifOrientation(view, chunk.start, chunk.length);
    const isImage = ['VP8 ', 'VP8L', 'ANMF'].includes(chunk.type);
    if (!isImage || hasImage) continue;
    hasImage = true;
    if (chunk.type === 'ANMF') checkFrame(view, chunk, canvas);
    else checkSize(bitstreamSize(view, chunk), canvas);
  }
  if (!hasImage) throw new BrokenImageError('the WebP has no image');
  return { ...canvas, ...(stored ?? upright) };
}

/** Checks a frame of an animation: its place on the canvas, and the size of its image. */
function checkFrame(view: DataView, { start, length }: WebpChunk, canvas: PictureSize): void {
  const [left, top] = [2 * uint24(view, start), 2 * uint24(view, start + 3)];
  const frame = { width: uint24(view, start + 6) + 1, height: uint24(view, start + 9) + 1 };
  if (left + frame.width > canvas.width || top + frame.height > canvas.height) {
    throw new BrokenImageError('the WebP has a frame that lies outside its canvas');
  }
  const parts = [...webpChunks(view, start + 16, start + length)];
  const image = parts.find(({ type }) => type === 'VP8 ' || type === 'VP8L');
  checkSize(bitstreamSize(view, image), frame);
}

function checkSize(image: PictureSize, canvas: PictureSize): void {
  if (image.width === canvas.width && image.height === canvas.height) return;
  throw new BrokenImageError(
    `the WebP has an image of ${image.height}×${image.width} pixels, expected ${canvas.height}×${canvas.width}`,
  );
}

/** The size of a lossy (VP8) or lossless (VP8L) image. */
function bitstreamSize(view: DataView, chunk: WebpChunk | undefined): PictureSize {
  if (chunk?.type === 'VP8 ' && chunk.length >= 10) {
    const side = (at: number) => view.getUint16(chunk.start + at, true) & 0x3fff;
    return { width: side(6), height: side(8) };
  }
  if (chunk?.type === 'VP8L' && chunk.length >= 5) {
    const bits = view.getUint32(chunk.start + 1, true);
    return { width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 };
  }
  throw new BrokenImageError('the WebP has no image');
}

export interface WebpChunk {
  readonly type: string;
  readonly start: number;
  readonly length: number;
}

/** Lists the chunks of a WebP, or of a frame in it. @throws BrokenImageError if it ends inside a chunk. */
export function* webpChunks(view: DataView, from: number, end: number): Generator<WebpChunk> {
  for (let at = from, count = 1; at < end; count++) {
    checkParts(count, 'chunks');
    const chunk = chunkAt(view, at, end);
    yield chunk;
    at = chunk.start + chunk.length + (chunk.length % 2);
  }
}

function chunkAt(view: DataView, at: number, end: number): WebpChunk {
  const [type, length] = [fourLetters(view, at), view.getUint32(at + 4, true)];
  if (at + 8 + length > end) throw new BrokenImageError(`the WebP ends inside its ${type} chunk`);
  return { type, start: at + 8, length };
}

function uint24(view: DataView, at: number): number {
  return view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
}
