import { BrokenImageError } from './broken-image.js';

/** A picture's size in pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** The longest side of an image in pixels: that of the JPEG format. Canvases end there too. */
export const maxSide = 2 ** 16 - 1;
/** The chunks of a PNG or WebP, and the segments of a JPEG. A PNG of 256 MB in chunks of 4 kB has as many. */
const maxParts = 2 ** 16;

/** The largest image to accept. Both limits are checked before an image is decoded. */
export interface ImageLimits {
  /** Pixels of an image. */
  readonly maxPixels: number;
  /** Bytes of an image file. */
  readonly maxBytes: number;
}

/** 67 megapixels, and the bytes that they need as uncompressed RGBA. */
export const defaultImageLimits: ImageLimits = { maxPixels: 2 ** 26, maxBytes: 2 ** 28 };

/** Completes the limits by the defaults. */
export function limitsOf(given: {
  maxPixels?: number | undefined;
  maxBytes?: number | undefined;
}): ImageLimits {
  const { maxPixels = defaultImageLimits.maxPixels, maxBytes = defaultImageLimits.maxBytes } = given;
  return { maxPixels, maxBytes };
}

/** @throws RangeError if the image has too many pixels, or too long a side. */
export function checkPixels({ width, height }: PictureSize, { maxPixels }: ImageLimits): void {
  if (width > maxSide || height > maxSide) {
    throw new RangeError(
      `the image has ${height}×${width} pixels, a side of more than ${maxSide}; cut it into several images`,
    );
  }
  if (width * height <= maxPixels) return;
  throw new RangeError(
    `the image has ${height}×${width} = ${width * height} pixels, more than maxPixels (${maxPixels}); ` +
      'make it smaller, or load the model with a larger maxPixels',
  );
}

/** @throws RangeError if the file has too many bytes. */
export function checkBytes(bytes: number, { maxBytes }: ImageLimits): void {
  if (bytes <= maxBytes) return;
  throw new RangeError(
    `the file has ${bytes} bytes, more than maxBytes (${maxBytes}); ` +
      'make it smaller, or load the model with a larger maxBytes',
  );
}

/** @throws BrokenImageError if a file has too many chunks or segments. */
export function checkParts(count: number, parts: string): void {
  if (count <= maxParts) return;
  throw new BrokenImageError(
    `the image has more than ${maxParts} ${parts}; save it again in another program`,
  );
}

/**
 * Holds the size that a header claims to the bytes that code its pixels.
 * @param least the fewest bytes that can code an image of this size.
 * @throws BrokenImageError if the file has fewer.
 */
export function checkClaim({ width, height }: PictureSize, least: number, bytes: number): void {
  if (bytes >= least) return;
  throw new BrokenImageError(
    `the header claims ${height}×${width} pixels, which take at least ${Math.ceil(least)} bytes; the file has ${bytes} for them`,
  );
}
