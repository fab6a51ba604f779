import { createRandom, shuffle } from '@glow-onnx/flow/random';

/** The stream of the seed that nothing else draws from. */
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
