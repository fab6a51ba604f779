import { checkRawImage, type RawImage } from './images.js';

/** Larger pictures are a mistake sooner than a wish: 1 GiB. */
const largestGrid = 2 ** 30;

export interface GridOptions {
  /** Default: as many as make the grid about square. */
  readonly columns?: number;
  /** Whole factor by which each pixel is enlarged, without smoothing; default 1. */
  readonly scale?: number;
  /** White pixels between images; default 2. */
  readonly gap?: number;
}

/**
 * Puts images of one size and channel count side by side, row by row, on white.
 * Four 16×16 images with scale 4 and gap 2 make 130×130.
 * @throws RangeError if there is no image, one is not as large as it says, they differ in size or channels, or
 *   the grid would be larger than 1 GiB.
 */
export function imageGrid(images: readonly RawImage[], options: GridOptions = {}): RawImage {
  const { columns = Math.ceil(Math.sqrt(images.length)), scale = 1, gap = 2 } = options;
  const [first] = images;
  if (!first) throw new RangeError('imageGrid: expected at least one image');
  for (const [name, value, least] of [
    ['columns', columns, 1],
    ['scale', scale, 1],
    ['gap', gap, 0],
  ] as const) {
    if (!Number.isInteger(value) || value < least) {
      throw new RangeError(`imageGrid: ${name} must be an integer from ${least} on, got ${value}`);
    }
  }
  const { channels } = first;
  const cell = { height: first.height * scale + gap, width: first.width * scale + gap };
  const height = Math.ceil(images.length / columns) * cell.height - gap;
  const width = Math.min(columns, images.length) * cell.width - gap;
  if (height * width * channels > largestGrid) {
    throw new RangeError(
      `imageGrid: ${images.length} images make ${height}×${width} pixels, more than 1 GiB; pass a smaller scale`,
    );
  }
  const grid = { data: new Uint8Array(height * width * channels).fill(255), height, width, channels };
  for (const [i, image] of images.entries()) {
    checkRawImage(image, `imageGrid: image ${i}`);
    if (image.height !== first.height || image.width !== first.width || image.channels !== channels) {
      const shape = (of: RawImage) => `${of.height}×${of.width}×${of.channels}`;
      throw new RangeError(
        `imageGrid: image ${i} is ${shape(image)} and image 0 is ${shape(first)}; bring them to one size`,
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
