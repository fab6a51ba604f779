import type { GlowConfig } from '@glow-onnx/flow/manifest';
import type { RawImage } from './images.js';
import { resize } from './resize.js';

/**
 * How a picture whose size the model cannot take is brought to one it can: `resize` to the nearest multiple,
 * `crop` the middle, or `pad` with its edge pixels on the right and at the bottom. A size that fits stays.
 * `cover` is for any size: the middle in the training pictures' shape, resized to their size, as training does it.
 */
export type Fit = 'resize' | 'crop' | 'pad' | 'cover';

/**
 * Makes height and width divisible by 2^levels, only if `fit` says how.
 * @throws RangeError naming the side that does not divide.
 */
export function fitImage(
  image: RawImage,
  { levels, ...training }: Pick<GlowConfig, 'levels' | 'height' | 'width'>,
  fit: Fit | undefined,
  where: string,
): RawImage {
  const unit = 2 ** levels;
  const { height, width } = image;
  if (fit === 'cover') return cover(image, training.height, training.width);
  if (height % unit === 0 && width % unit === 0) return image;
  switch (fit) {
    case 'resize': {
      const nearest = (side: number) => Math.max(Math.round(side / unit), 1) * unit;
      return resize(image, nearest(width), nearest(height));
    }
    case 'pad':
      return window(image, 0, 0, Math.ceil(height / unit) * unit, Math.ceil(width / unit) * unit);
    case 'crop': {
      const cropped = { height: height - (height % unit), width: width - (width % unit) };
      if (cropped.height === 0 || cropped.width === 0) {
        throw new RangeError(
          `${where}: image ${height}×${width} is too small to crop to a multiple of ${unit}; use fit "pad" or "resize"`,
        );
      }
      const top = (height - cropped.height) >> 1;
      return window(image, top, (width - cropped.width) >> 1, cropped.height, cropped.width);
    }
    case undefined:
      throw indivisible(height, width, levels, where);
    default:
      fit satisfies never;
      throw new RangeError(
        `${where}: fit must be "resize", "crop", "pad" or "cover", got ${JSON.stringify(fit)}`,
      );
  }
}

/** Resized until it covers the size, and cut to its middle: `cover` of sharp, and of CSS. */
function cover(image: RawImage, height: number, width: number): RawImage {
  const scale = Math.max(height / image.height, width / image.width);
  const sides = { height: Math.round(image.height * scale), width: Math.round(image.width * scale) };
  const covering = resize(image, sides.width, sides.height);
  return window(covering, (sides.height - height + 1) >> 1, (sides.width - width + 1) >> 1, height, width);
}

function indivisible(height: number, width: number, levels: number, where: string): RangeError {
  const unit = 2 ** levels;
  const sides = Object.entries({ height, width }).filter(([, side]) => !(side > 0 && side % unit === 0));
  const names = sides.map(([name]) => name).join(' and ');
  return new RangeError(
    `${where}: image ${height}×${width} cannot pass ${levels} levels: ${names} must be divisible by ${unit}; ` +
      'resize or pad it.',
  );
}

/** The part of a picture from (top, left) on; beyond its border stand its edge pixels. */
function window(image: RawImage, top: number, left: number, height: number, width: number): RawImage {
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
