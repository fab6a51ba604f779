import type { Fit } from '../pictures/fits.js';
import type { PictureSize } from '../pictures/limits.js';
import type { CallOptions } from './call.js';
import type { ClassLabel } from './labels.js';

export interface EditOptions extends CallOptions {
  /** How to fit an image whose height or width 2^levels does not divide. Without it, such an image is an error. */
  readonly fit?: Fit;
  /** The class of all images of the call. Class-conditional models require it, others refuse it. */
  readonly label?: ClassLabel;
}

/** The error of an image whose size differs from another's, or undefined. */
export function sizeError(
  { where, height, width }: PictureSize & { readonly where: string },
  size: PictureSize,
  name: string,
): RangeError | undefined {
  if (height === size.height && width === size.width) return undefined;
  return new RangeError(
    `${where}: size ${height}×${width} is not that of ${name}, ${size.height}×${size.width}; bring them to one size`,
  );
}
