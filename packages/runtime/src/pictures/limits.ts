import { checkInteger } from '../check.js';
import type { ImageHeader } from './header.js';

/** The largest image to accept. Both limits are checked before an image is decoded. */
export interface ImageLimits {
  /** Pixels of an image. */
  readonly maxPixels: number;
  /** Bytes of an image file. */
  readonly maxBytes: number;
}

/** 67 megapixels, and the bytes that they need as uncompressed RGBA. */
export const defaultImageLimits: ImageLimits = { maxPixels: 2 ** 26, maxBytes: 2 ** 28 };

/** Completes the limits by the defaults. @throws RangeError if a limit is not a positive integer. */
export function limitsOf(given: {
  maxPixels?: number | undefined;
  maxBytes?: number | undefined;
}): ImageLimits {
  const { maxPixels = defaultImageLimits.maxPixels, maxBytes = defaultImageLimits.maxBytes } = given;
  checkInteger('loadGlow', 'maxPixels', maxPixels, 1);
  checkInteger('loadGlow', 'maxBytes', maxBytes, 1);
  return { maxPixels, maxBytes };
}

/** @throws RangeError if the image has too many pixels. */
export function checkPixels(
  { width, height }: Pick<ImageHeader, 'width' | 'height'>,
  { maxPixels }: ImageLimits,
): void {
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
