import { checkInteger } from '../check.js';
import type { PictureHeader } from './header.js';

/** What a picture may take at most, checked before it is decoded. */
export interface ImageLimits {
  /** Pixels of a picture. */
  readonly maxPixels: number;
  /** Bytes of a picture's file. */
  readonly maxBytes: number;
}

/** 67 megapixels, and as many bytes as they have at most without compression. */
export const defaultImageLimits: ImageLimits = { maxPixels: 2 ** 26, maxBytes: 2 ** 28 };

/** @throws RangeError if a limit is no positive integer. */
export function limitsOf(given: {
  maxPixels?: number | undefined;
  maxBytes?: number | undefined;
}): ImageLimits {
  const { maxPixels = defaultImageLimits.maxPixels, maxBytes = defaultImageLimits.maxBytes } = given;
  checkInteger('loadGlow', 'maxPixels', maxPixels, 1);
  checkInteger('loadGlow', 'maxBytes', maxBytes, 1);
  return { maxPixels, maxBytes };
}

/** @throws RangeError if it is larger. */
export function checkPixels(
  { width, height }: Pick<PictureHeader, 'width' | 'height'>,
  { maxPixels }: ImageLimits,
): void {
  if (width * height <= maxPixels) return;
  throw new RangeError(
    `${height}×${width} pixels are ${width * height}, more than maxPixels, ${maxPixels}; ` +
      'make it smaller, or load the model with a larger maxPixels',
  );
}

/** @throws RangeError if it is larger. */
export function checkBytes(bytes: number, { maxBytes }: ImageLimits): void {
  if (bytes <= maxBytes) return;
  throw new RangeError(
    `its file has ${bytes} bytes, more than maxBytes, ${maxBytes}; ` +
      'make it smaller, or load the model with a larger maxBytes',
  );
}
