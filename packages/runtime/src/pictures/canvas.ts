import type { PixelData } from './images.js';
import { checkRawImage, type RawImage } from './images.js';
import type { CanvasLike } from './input.js';

/** What an ImageData has, to whoever has no DOM. */
export interface RgbaPixels extends PixelData {
  readonly data: Uint8ClampedArray<ArrayBuffer>;
  /** sRGB, when made here. */
  readonly colorSpace: 'srgb' | 'display-p3';
}

/**
 * A raw image as ImageData, RGBA whatever its channels: to show it, or pass it to what takes one. Where there is no
 * such class, as in Node, a plain object with the same fields.
 */
export function toImageData(image: RawImage): RgbaPixels {
  const { data, width, height, channels } = checkRawImage(image, 'toImageData');
  if (channels > 4) throw new RangeError(`toImageData: expected 1 to 4 channels, got ${channels}`);
  const rgba = new Uint8ClampedArray(width * height * 4);
  const [green, blue] = channels < 3 ? [0, 0] : [1, 2];
  for (let from = 0, to = 0; to < rgba.length; from += channels, to += 4) {
    rgba[to] = data[from] as number;
    rgba[to + 1] = data[from + green] as number;
    rgba[to + 2] = data[from + blue] as number;
    rgba[to + 3] = channels % 2 === 0 ? (data[from + channels - 1] as number) : 255;
  }
  return typeof ImageData === 'undefined'
    ? { data: rgba, width, height, colorSpace: 'srgb' }
    : new ImageData(rgba, width, height);
}

/** Draws a raw image on a canvas (an element or an OffscreenCanvas), which takes its size. */
export function drawImage(image: RawImage, canvas: CanvasLike): void {
  const pixels = toImageData(image);
  const context = canvas.getContext('2d');
  if (!context) throw new TypeError('drawImage: the canvas is in use for WebGL or WebGPU; pass another');
  canvas.width = pixels.width;
  canvas.height = pixels.height;
  context.putImageData(pixels, 0, 0);
}
