import type { GlowConfig } from '@glow-onnx/flow/manifest';
import type { Fit } from './fits.js';
import type { RawImage } from './images.js';
import { resize } from './resize.js';

/**
 * Applies `fit`, so that 2^levels divides height and width.
 * @throws RangeError that names the side if `fit` is undefined and 2^levels does not divide it.
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
          `${where}: image ${height}×${width} is too small to crop to a multiple of ${unit}; pass fit: "pad" or "resize"`,
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

function indivisible(height: number, width: number, levels: number, where: string): RangeError {
  const unit = 2 ** levels;
  const sides = Object.entries({ height, width }).filter(([, side]) => !(side > 0 && side % unit === 0));
  const names = sides.map(([name]) => name).join(' and ');
  return new RangeError(
    `${where}: image ${height}×${width} cannot pass ${levels} levels: ${names} must be divisible by ${unit}; ` +
      'pass fit: "cover", "resize", "crop" or "pad"',
  );
}

/** Cuts a window from (top, left) on. Beyond the border of the image the edge pixels repeat. */
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
