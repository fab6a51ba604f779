import { createRandom, shuffle } from '@glow-onnx/flow/random';

/** Streams of the seed that nothing else draws from: an epoch's is 2⁵¹ + epoch, the split's 2⁵². */
const orderStream = 2 ** 51;
const splitStream = 2 ** 52;

export interface Split {
  readonly train: Uint32Array;
  readonly validation: Uint32Array;
}

/**
 * Splits 0 … count − 1 at random into training and validation; each part ascends.
 * @param fraction share of validation, in (0, 1); at least one image goes to either part.
 * @throws RangeError if there are fewer than two images or the fraction is not in (0, 1).
 */
export function splitBySeed(count: number, fraction: number, seed: number): Split {
  if (!(fraction > 0 && fraction < 1)) {
    throw new RangeError(`split: the validation fraction must lie between 0 and 1, got ${fraction}`);
  }
  if (!Number.isInteger(count) || count < 2) {
    throw new RangeError(
      `split: expected at least 2 images, one to train and one to validate, got ${count}; add pictures`,
    );
  }
  const held = Math.min(Math.max(Math.round(count * fraction), 1), count - 1);
  const shuffled = shuffle(
    Uint32Array.from({ length: count }, (_, i) => i),
    createRandom(seed, splitStream),
  );
  return { validation: shuffled.slice(0, held).sort(), train: shuffled.slice(held).sort() };
}

/**
 * An epoch's batches: `indices` in an order that (seed, epoch) alone decides, cut into full batches. What is left
 * over, another few images each epoch, waits for the next.
 * @throws RangeError if the batch is larger than all there is.
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

/** Cuts indices into batches in their order; the last may be smaller. @throws RangeError unless batchSize ≥ 1. */
export function inBatches(indices: Uint32Array, batchSize: number): Uint32Array[] {
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new RangeError(`data: the batch size must be a positive integer, got ${batchSize}`);
  }
  return Array.from({ length: Math.ceil(indices.length / batchSize) }, (_, i) =>
    indices.slice(i * batchSize, (i + 1) * batchSize),
  );
}
