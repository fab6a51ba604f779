import type { RawImage } from './images.js';
import type { PictureSize } from './limits.js';

/**
 * The names of `Fit`; the first is the default. They have a file of their own, because a page loads the code of `fit` when
 * it first needs it.
 */
export const fits = ['cover', 'none', 'resize', 'crop', 'pad'] as const;

/**
 * The size at which the model sees an image. A model takes every height and width that 2^levels divides, but it knows
 * only the size of its training images.
 *
 * - `'cover'`, the default, resizes and crops the image to the size of the training images, as training does.
 * - `'none'` keeps the image's own size. It is an error if 2^levels does not divide it.
 * - `'resize'` resizes each side to the nearest multiple of 2^levels.
 * - `'crop'` keeps the centre, each side cut to a multiple.
 * - `'pad'` repeats the edge pixels on the right and at the bottom, up to a multiple.
 *
 * All of them leave an image unchanged if it has the size that they give.
 */
export type Fit = (typeof fits)[number];

/** How an image was brought to another size before the model saw it. */
export interface Fitted {
  /** The size of the image as it was passed, turned upright. */
  readonly from: PictureSize;
  /** The size that the model sees. */
  readonly to: PictureSize;
  readonly by: Exclude<Fit, 'none'>;
}

/** An image at the size that the model sees. */
export interface FittedPixels {
  readonly image: RawImage;
  /** Undefined if the image had that size. */
  readonly fitted: Fitted | undefined;
}

export interface FitRule {
  readonly fit: Fit;
  /** The size that the image must have, because it is combined with others: `cover` brings it there if `fit` does not. */
  readonly size?: PictureSize | undefined;
}

export function isSameSize(a: PictureSize, b: PictureSize): boolean {
  return a.height === b.height && a.width === b.width;
}
