import { createRandom } from '@glow-onnx/flow';
import { boundOf, type DrawBits } from '../../../packages/runtime/src/model/bounds.js';
import { config, noise } from '../../support/noise-images.js';
import { modelOf } from './oracle-model.js';

const drawsOf = (bits: readonly number[], dimensions: number): DrawBits[] =>
  bits.map((bitsPerDim) => ({ bitsPerDim, dimensions }));

/** Bits/dim differ by a few rounding errors of values near 1. */
const ROUNDING = 1e-12;

describe('the importance-weighted bound of draws', () => {
  test('is the bits of their mean likelihood', () => {
    const likelihood = (2 ** -4 + 2 ** -8 + 2 ** -12) / 3; // 4 values of 1, 2 and 3 bits
    const bound = boundOf.importance(drawsOf([1, 2, 3], 4));
    expect(Math.abs(bound - -Math.log2(likelihood) / 4)).toBeLessThan(ROUNDING);
  });

  test('is never above the mean of their bits, and equals it for draws that are alike', () => {
    const { uniform } = createRandom(3);
    for (const spread of [1e-6, 1e-2, 5]) {
      const draws = drawsOf(
        Array.from({ length: 8 }, () => 3 + spread * uniform()),
        784,
      );
      expect(boundOf.importance(draws)).toBeLessThan(boundOf.mean(draws));
    }
    for (const draws of [drawsOf([2.5], 784), drawsOf([2.5, 2.5, 2.5], 784)]) {
      expect(Math.abs(boundOf.importance(draws) - 2.5)).toBeLessThan(ROUNDING);
      expect(boundOf.mean(draws)).toBe(2.5);
    }
  });

  test('is finite where a likelihood itself is not a float64', () => {
    // 2^(−3·10⁶) underflows; the second draw adds nothing, so the mean of two likelihoods is half of the first.
    const bound = boundOf.importance(drawsOf([3, 4], 1e6));
    expect(Math.abs(bound - (3 + 1e-6))).toBeLessThan(ROUNDING);
  });
});

test('a model scores by the bound that is asked for, from the same draws', async () => {
  const model = modelOf(config);
  const image = noise(0);
  const options = { draws: 3, seed: 2 };
  const [first] = await model.bitsPerDim(image, { ...options, draws: 1 });
  const [mean] = await model.bitsPerDim(image, options);
  const [importance] = await model.bitsPerDim(image, { ...options, bound: 'importance' });
  const [score] = await model.score(image, { ...options, bound: 'importance' });
  expect(score?.bitsPerDim).toBe(importance);
  expect(importance).toBeLessThan(mean as number);
  // The first of three draws alone already has a third of the mean likelihood.
  const dimensions = image.data.length;
  expect(importance).toBeLessThan((first as number) + Math.log2(3) / dimensions + ROUNDING);
  expect(await model.bitsPerDim(image, { ...options, bound: 'mean' })).toEqual([mean]);
});
