/** The names of `Fit`. They have a file of their own, because a page loads the code of `fit` when it first needs it. */
export const fits = ['resize', 'crop', 'pad', 'cover'] as const;

/**
 * How to change an image whose size the model cannot take. A model takes every height and width that 2^levels
 * divides.
 *
 * - `'resize'` resizes each side to the nearest multiple of 2^levels.
 * - `'crop'` keeps the centre, each side cut to a multiple.
 * - `'pad'` repeats the edge pixels on the right and at the bottom.
 * - `'cover'` resizes and crops every image to the size of the training images, as training does.
 *
 * `'resize'`, `'crop'` and `'pad'` leave an image unchanged if its size already fits.
 */
export type Fit = (typeof fits)[number];
