import { checkOptions, describe, integerFrom, type Rules } from '@glow-onnx/flow/manifest';
import { checkRawImage, type RawImage } from './images.js';

/** 1 GiB. A larger grid is more likely a mistake than intended. */
const largestGrid = 2 ** 30;

export interface GridOptions {
  /** Images per row. Default: as many as make the grid about square. */
  readonly columns?: number;
  /** Integer factor that enlarges each pixel, without smoothing; default 1. */
  readonly scale?: number;
  /** White pixels between images, not enlarged by `scale`; default 2. */
  readonly gap?: number;
}

const rules: Rules<GridOptions> = { columns: integerFrom(1), scale: integerFrom(1), gap: integerFrom(0) };

/**
 * Puts images of one channel count side by side, row by row, on white. All get as much place as the largest.
 * Four images of 16×16 with scale 4 and gap 2 make an image of 130×130.
 * @throws RangeError if `images` is empty, if the images differ in channels, if the `data` of an image do not have
 *   width × height × channels bytes, or if the grid would be larger than 1 GiB.
 * @example
 * const images = await glow.sample({ count: 16 });
 * await writePng('samples.png', imageGrid(images, { columns: 4, scale: 4 }));
 */
export function imageGrid(images: readonly RawImage[], options: GridOptions = {}): RawImage {
  checkOptions('imageGrid', options, rules);
  if (!Array.isArray(images)) {
    throw new TypeError(`imageGrid: expected a list of images, got ${describe(images)}`);
  }
  const { columns = Math.ceil(Math.sqrt(images.length)), scale = 1, gap = 2 } = options;
  const [first] = images;
  if (!first) throw new RangeError('imageGrid: expected at least one image');
  for (const [i, image] of images.entries()) checkRawImage(image, `imageGrid: image ${i}`);
  const { channels } = first;
  const largest = (side: 'height' | 'width') =>
    images.reduce((most, image) => Math.max(most, image[side]), 0);
  const cell = { height: largest('height') * scale + gap, width: largest('width') * scale + gap };
  const height = Math.ceil(images.length / columns) * cell.height - gap;
  const width = Math.min(columns, images.length) * cell.width - gap;
  if (height * width * channels > largestGrid) {
    throw new RangeError(
      `imageGrid: ${images.length} images make ${height}×${width} pixels, more than 1 GiB; pass a smaller scale`,
    );
  }
  const grid = { data: new Uint8Array(height * width * channels).fill(255), height, width, channels };
  for (const [i, image] of images.entries()) {
    if (image.channels !== channels) {
      throw new RangeError(
        `imageGrid: image ${i} has ${image.channels} channels, expected ${channels} like image 0; bring them to one number`,
      );
    }
    paint(grid, image, Math.floor(i / columns) * cell.height, (i % columns) * cell.width, scale);
  }
  return grid;
}

function paint(grid: RawImage, image: RawImage, top: number, left: number, scale: number): void {
  const { channels } = image;
  for (let y = 0; y < image.height * scale; y++) {
    for (let x = 0; x < image.width * scale; x++) {
      const from = (Math.floor(y / scale) * image.width + Math.floor(x / scale)) * channels;
      const pixel = image.data.subarray(from, from + channels);
      grid.data.set(pixel, ((top + y) * grid.width + left + x) * channels);
    }
  }
}
