import type { GlowConfig } from '@glow-onnx/flow/manifest';
import type { RawImage } from './images.js';
import type { PictureSize } from './limits.js';
import { resize } from './resize.js';

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
export type Fit = 'cover' | 'none' | 'resize' | 'crop' | 'pad';

/** The first is the default. */
export const fits = ['cover', 'none', 'resize', 'crop', 'pad'] as const satisfies readonly Fit[];

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

/**
 * Brings an image to the size that the model shall see.
 * @throws RangeError if `fit` is not known, or gives a size that 2^levels does not divide.
 */
export function fitImage(
  image: RawImage,
  config: Pick<GlowConfig, 'levels' | 'height' | 'width'>,
  { fit, size }: FitRule,
  where: string,
): FittedPixels {
  const own = sizeBy(fit, image, config, where);
  const to = size ?? own;
  const by = isSameSize(own, to) ? fit : 'cover';
  if (by === 'none' || by === 'crop') checkSize(image, to, by, config.levels, where);
  if (by === 'none' || isSameSize(image, to)) return { image, fitted: undefined };
  const { height, width } = image;
  const fitted = { from: { height, width }, to: { height: to.height, width: to.width }, by };
  return { image: bring(image, fitted), fitted };
}

export function isSameSize(a: PictureSize, b: PictureSize): boolean {
  return a.height === b.height && a.width === b.width;
}

/** The size that `fit` gives. It may be one that the model cannot take. */
function sizeBy(
  fit: Fit,
  { height, width }: PictureSize,
  { levels, ...training }: Pick<GlowConfig, 'levels' | 'height' | 'width'>,
  where: string,
): PictureSize {
  const unit = 2 ** levels;
  const each = (change: (side: number) => number) => ({ height: change(height), width: change(width) });
  switch (fit) {
    case 'cover':
      return training;
    case 'none':
      return { height, width };
    case 'resize':
      return each((side) => Math.max(Math.round(side / unit), 1) * unit);
    case 'crop':
      return each((side) => side - (side % unit));
    case 'pad':
      return each((side) => Math.ceil(side / unit) * unit);
    default: {
      fit satisfies never;
      const known = fits.map((name) => JSON.stringify(name));
      throw new RangeError(
        `${where}: fit must be ${known.slice(0, -1).join(', ')} or ${known.at(-1)}, got ${JSON.stringify(fit)}`,
      );
    }
  }
}

function checkSize(
  { height, width }: PictureSize,
  to: PictureSize,
  by: 'none' | 'crop',
  levels: number,
  where: string,
): void {
  const unit = 2 ** levels;
  const sides = Object.entries({ height: to.height, width: to.width });
  const bad = sides.filter(([, side]) => side === 0 || side % unit !== 0).map(([name]) => name);
  if (bad.length === 0) return;
  throw new RangeError(
    by === 'crop'
      ? `${where}: image ${height}×${width} is too small to crop to a multiple of ${unit}; pass fit: "cover", "pad" or "resize"`
      : `${where}: image ${height}×${width} cannot pass ${levels} levels: ${bad.join(' and ')} must be divisible by ${unit}; ` +
          'pass fit: "cover", "resize", "crop" or "pad"',
  );
}

function bring(image: RawImage, { from, to, by }: Fitted): RawImage {
  switch (by) {
    case 'cover':
      return cover(image, to.height, to.width);
    case 'resize':
      return resize(image, to.width, to.height);
    case 'crop':
      return window(image, (from.height - to.height) >> 1, (from.width - to.width) >> 1, to);
    case 'pad':
      return window(image, 0, 0, to);
  }
}

/**
 * Resizes the image until it covers the size, and crops the centre: `cover` as in sharp and in CSS. Training reads its
 * images by this function too.
 */
export function cover(image: RawImage, height: number, width: number): RawImage {
  if (image.height === height && image.width === width) return image;
  const scale = Math.max(height / image.height, width / image.width);
  const [down, across] = [Math.round(image.height * scale), Math.round(image.width * scale)];
  return resize(image, across, down, {
    left: (across - width + 1) >> 1,
    top: (down - height + 1) >> 1,
    width,
    height,
  });
}

/** Cuts a window from (top, left) on. Beyond the border of the image the edge pixels repeat. */
function window(image: RawImage, top: number, left: number, { height, width }: PictureSize): RawImage {
  const { channels } = image;
  const data = new Uint8Array(height * width * channels);
  for (let y = 0, to = 0; y < height; y++) {
    const row = Math.min(top + y, image.height - 1) * image.width;
    for (let x = 0; x < width; x++, to += channels) {
      const from = (row + Math.min(left + x, image.width - 1)) * channels;
      for (let c = 0; c < channels; c++) data[to + c] = image.data[from + c] as number;
    }
  }
  return { data, height, width, channels };
}
