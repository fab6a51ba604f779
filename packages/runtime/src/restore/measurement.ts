/**
 * What is known of an image x in model units: y = A·x, with a linear map A, for channels × height × width numbers.
 * Inpainting knows some values, enlarging knows means of blocks, denoising knows all values with noise.
 */
export interface Measurement {
  /** Standard deviation of the noise of y, in model units; 0 if y is exact. */
  readonly sigma: number;
  /** If A takes single values: y, and 1 for each value that it takes, in the shape of x. */
  readonly values?: { readonly target: Float32Array; readonly weight: Float32Array };
  /** Aᵀ(A·x − y), in the shape of x. */
  residual(x: Float32Array): Float32Array;
  /** The part of a direction that A maps to zero; all of it if y is noisy. */
  free(direction: Float32Array): Float32Array;
  /** Changes x to a near image in range that has the measured values, as far as y is exact. */
  project(x: Float32Array): void;
}

/** The range of x. */
const [lowest, highest] = [-0.5, 0.5];

function clamp(x: Float32Array): void {
  for (let i = 0; i < x.length; i++) x[i] = Math.min(highest, Math.max(lowest, x[i] as number));
}

/**
 * Some values are known.
 * @param y the image; the values of the hole do not matter.
 * @param hole 1 for each unknown value, 0 for each known one.
 */
export function knownValues(y: Float32Array, hole: Float32Array): Measurement {
  return {
    sigma: 0,
    values: { target: y, weight: hole.map((unknown) => 1 - unknown) },
    residual: (x) => x.map((value, i) => (hole[i] === 1 ? 0 : value - (y[i] as number))),
    free: (direction) => direction.map((value, i) => (hole[i] === 1 ? value : 0)),
    project(x) {
      clamp(x);
      for (let i = 0; i < x.length; i++) if (hole[i] !== 1) x[i] = y[i] as number;
    },
  };
}

/** All values are known, with normal noise of deviation sigma. */
export function noisyValues(y: Float32Array, sigma: number): Measurement {
  return {
    sigma,
    values: { target: y, weight: new Float32Array(y.length).fill(1) },
    residual: (x) => x.map((value, i) => value - (y[i] as number)),
    free: (direction) => direction,
    project: clamp,
  };
}

/** The sides of an image that is measured by blocks. */
export interface BlockShape {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Side of a block; it divides height and width. */
  readonly side: number;
}

/** Rounds of projection: a value that leaves the range moves the mean of its block. */
const projectionRounds = 4;

/** The mean of each block is known. @param means channels × height/side × width/side numbers. */
export function knownMeans(means: Float32Array, shape: BlockShape): Measurement {
  const y = spread(means, shape);
  return {
    sigma: 0,
    residual: (x) => {
      const own = blockMeans(x, shape);
      const size = shape.side ** 2;
      return own.map((value, i) => (value - (y[i] as number)) / size);
    },
    free(direction) {
      const own = blockMeans(direction, shape);
      return direction.map((value, i) => value - (own[i] as number));
    },
    project(x) {
      for (let round = 0; round < projectionRounds; round++) {
        const own = blockMeans(x, shape);
        for (let i = 0; i < x.length; i++) x[i] = (x[i] as number) + (y[i] as number) - (own[i] as number);
        clamp(x);
      }
    },
  };
}

/** One number for each block, at every value of the block. */
export function spread(means: Float32Array, { channels, height, width, side }: BlockShape): Float32Array {
  const result = new Float32Array(channels * height * width);
  const [rows, columns] = [height / side, width / side];
  for (let c = 0, i = 0; c < channels; c++) {
    for (let y = 0; y < height; y++) {
      const row = (c * rows + Math.floor(y / side)) * columns;
      for (let x = 0; x < width; x++, i++) result[i] = means[row + Math.floor(x / side)] as number;
    }
  }
  return result;
}

/** The mean of its block, at every value. */
function blockMeans(values: Float32Array, shape: BlockShape): Float32Array {
  const { channels, height, width, side } = shape;
  const means = new Float32Array((channels * height * width) / side ** 2);
  const [rows, columns] = [height / side, width / side];
  for (let c = 0, i = 0; c < channels; c++) {
    for (let y = 0; y < height; y++) {
      const row = (c * rows + Math.floor(y / side)) * columns;
      for (let x = 0; x < width; x++, i++) {
        const block = row + Math.floor(x / side);
        means[block] = (means[block] as number) + (values[i] as number) / side ** 2;
      }
    }
  }
  return spread(means, shape);
}
