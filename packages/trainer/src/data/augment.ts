import type { Random } from '@glow-onnx/flow/random';

/** Random changes of training images, drawn again each time. Validation images are not changed. */
export interface Augmentation {
  /** Mirrors half of the images, left to right. */
  readonly flip: boolean;
  /** Moves images by up to this number of pixels, vertically and horizontally. The border is repeated. */
  readonly shift: number;
}

export interface Extent {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/**
 * The source of each pixel of an augmented image, as offsets into height × width × channels bytes. Undefined without
 * augmentation. A row 1 2 3 moved right by one is 1 1 2; mirrored first, it is 3 3 2. A setting that is off draws
 * nothing.
 */
export function drawSources(
  { flip, shift }: Augmentation,
  extent: Extent,
  random: Random,
): Uint32Array | undefined {
  if (!flip && shift === 0) return undefined;
  const { height, width, channels } = extent;
  const mirrored = flip && random.below(2) === 1;
  const down = shift > 0 ? random.below(2 * shift + 1) - shift : 0;
  const right = shift > 0 ? random.below(2 * shift + 1) - shift : 0;
  const sources = new Uint32Array(height * width * channels);
  for (let y = 0, at = 0; y < height; y++) {
    const row = clamp(y - down, height) * width;
    for (let x = 0; x < width; x++) {
      const column = clamp(x - right, width);
      const pixel = row + (mirrored ? width - 1 - column : column);
      for (let c = 0; c < channels; c++) sources[at++] = pixel * channels + c;
    }
  }
  return sources;
}

function clamp(i: number, extent: number): number {
  return Math.min(Math.max(i, 0), extent - 1);
}
