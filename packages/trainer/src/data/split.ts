import { createRandom, shuffle } from '@glow-onnx/flow/random';

/** Random streams of the seed that nothing else uses: 2⁵¹ + epoch for the order of an epoch, 2⁵² for the split. */
const orderStream = 2 ** 51;
const splitStream = 2 ** 52;

/** Indices of images, in ascending order. */
export interface Split {
  readonly train: Uint32Array;
  readonly validation: Uint32Array;
}

/** The images of `count` that validation gets: at least one, and not all. */
export function heldOutOf(count: number, fraction: number): number {
  return Math.min(Math.max(Math.round(count * fraction), 1), count - 1);
}

/**
 * Splits the indices 0 to count − 1 at random into training and validation, as `train` does.
 * @param fraction share of validation, between 0 and 1. Each part has at least one image.
 * @throws RangeError if there are fewer than two images, or the fraction is not between 0 and 1.
 * @example
 * const { train, validation } = splitBySeed(data.count, 0.1, 1);
 */
export function splitBySeed(count: number, fraction: number, seed: number): Split {
  if (!(fraction > 0 && fraction < 1)) {
    throw new RangeError(`split: the validation fraction must be between 0 and 1, got ${fraction}`);
  }
  if (!Number.isInteger(count) || count < 2) {
    throw new RangeError(
      `split: expected at least 2 images, one to train and one to validate, got ${count}; add images`,
    );
  }
  const held = heldOutOf(count, fraction);
  const shuffled = shuffle(
    Uint32Array.from({ length: count }, (_, i) => i),
    createRandom(seed, splitStream),
  );
  return { validation: shuffled.slice(0, held).sort(), train: shuffled.slice(held).sort() };
}

/**
 * The batches of an epoch: `indices` in an order that only seed and epoch decide, cut into full batches. The remaining
 * images, other ones in each epoch, are not used in this epoch.
 * @throws RangeError if the batch is larger than the number of indices.
 */
export function epochBatches(
  indices: Uint32Array,
  batchSize: number,
  seed: number,
  epoch: number,
): Uint32Array[] {
  if (batchSize > indices.length) {
    throw new RangeError(
      `data: a batch of ${batchSize} is more than the ${indices.length} training images; pass a smaller --batch`,
    );
  }
  const order = shuffle(indices.slice(), createRandom(seed, orderStream + epoch));
  return inBatches(order, batchSize).filter((batch) => batch.length === batchSize);
}

/** At most `most` items, evenly spread, including the first and the last. */
export function spread<T>(all: readonly T[], most: number): T[] {
  if (all.length <= most) return [...all];
  return Array.from({ length: most }, (_, i) => all[Math.round((i * (all.length - 1)) / (most - 1))]);
}

/** Cuts indices into batches in order. The last may be smaller. @throws RangeError unless batchSize ≥ 1. */
export function inBatches(indices: Uint32Array, batchSize: number): Uint32Array[] {
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new RangeError(`data: the batch size must be a positive integer, got ${batchSize}`);
  }
  return Array.from({ length: Math.ceil(indices.length / batchSize) }, (_, i) =>
    indices.slice(i * batchSize, (i + 1) * batchSize),
  );
}
