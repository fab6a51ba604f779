import type { PixelData } from './images.js';
import { checkRawImage, type RawImage } from './images.js';
import type { CanvasLike } from './input.js';

/** The fields of a browser's `ImageData`, usable without the DOM: RGBA, row by row from the top. */
export interface RgbaPixels extends PixelData {
  readonly data: ReturnType<typeof Uint8ClampedArray.of>; // OwnBytes, clamped
  /** `toImageData` gives 'srgb'. */
  readonly colorSpace: 'srgb' | 'display-p3';
}

/**
 * Converts an image of 1 to 4 channels to `ImageData`: RGBA, grey repeated, alpha 255 if the image has none. In Node,
 * which has no class `ImageData`, the result is a plain object with the same fields.
 * @throws TypeError if `image` is not a raw image; RangeError if it has more than 4 channels, or if `data` does not
 *   have width × height × channels bytes.
 * @example
 * const [image] = await glow.sample();
 * context.putImageData(toImageData(image), 0, 0);
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

/**
 * Draws an image on a canvas, pixel by pixel. The canvas (an element or an `OffscreenCanvas`) gets the size of the
 * image. To show it larger without smoothing, set the CSS width and `image-rendering: pixelated`.
 * @throws TypeError if the canvas is in use for WebGL or WebGPU, or if `image` is not a raw image; RangeError if the
 *   image has more than 4 channels.
 * @example
 * const [image] = await glow.sample();
 * drawImage(image, document.querySelector('canvas'));
 */
export function drawImage(image: RawImage, canvas: CanvasLike): void {
  const pixels = toImageData(image);
  const context = canvas.getContext('2d');
  if (!context)
    throw new TypeError('drawImage: the canvas is in use for WebGL or WebGPU; pass another canvas');
  canvas.width = pixels.width;
  canvas.height = pixels.height;
  context.putImageData(pixels, 0, 0);
}
