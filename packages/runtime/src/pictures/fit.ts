import type { GlowConfig } from '@glow-onnx/flow/manifest';
import { type Fit, type FitRule, type Fitted, type FittedPixels, fits, isSameSize } from './fits.js';
import type { RawImage } from './images.js';
import type { PictureSize } from './limits.js';
import { resize } from './resize.js';

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

/**
 * The marks of an image, brought to the size that the model sees: a pixel is marked if any part of it was.
 * @param marks 1 or 0 for each pixel of the image as it was. @returns the same for each pixel that the model sees.
 */
export function coveredBy({ from, to, by }: Fitted, marks: Uint8Array): Uint8Array {
  const scale = Math.max(to.height / from.height, to.width / from.width);
  const ranges = (side: 'height' | 'width') => {
    const all = by === 'cover' ? Math.round(from[side] * scale) : by === 'resize' ? to[side] : from[side];
    const first = by === 'cover' ? (all - to[side] + 1) >> 1 : by === 'crop' ? (all - to[side]) >> 1 : 0;
    const last = from[side] - 1;
    return Array.from({ length: to[side] }, (_, i) => {
      const start = Math.floor(((first + i) * from[side]) / all);
      const end = Math.ceil(((first + i + 1) * from[side]) / all) - 1;
      return { start: Math.min(start, last), end: Math.min(end, last) };
    });
  };
  const [rows, columns] = [ranges('height'), ranges('width')];
  return Uint8Array.from(
    rows.flatMap((row) =>
      columns.map((column) => {
        for (let y = row.start; y <= row.end; y++) {
          for (let x = column.start; x <= column.end; x++) if (marks[y * from.width + x] === 1) return 1;
        }
        return 0;
      }),
    ),
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
