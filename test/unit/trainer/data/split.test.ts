import { epochBatches, inBatches, splitBySeed } from '../../../../packages/trainer/src/data/split.js';

const count = (n: number) => Array.from({ length: n }, (_, i) => i);
const ascending = (values: Iterable<number>) => [...values].sort((a, b) => a - b);

test('a split has every image once and validation its share', () => {
  const { train, validation } = splitBySeed(1000, 0.05, 3);
  expect(validation).toHaveLength(50);
  expect(ascending([...train, ...validation])).toEqual(count(1000));
});

test('a split follows from its seed alone', () => {
  expect(splitBySeed(100, 0.2, 7)).toEqual(splitBySeed(100, 0.2, 7));
  expect(splitBySeed(100, 0.2, 7)).not.toEqual(splitBySeed(100, 0.2, 8));
});

test('validation is drawn from all over, not from an end', () => {
  const { validation } = splitBySeed(10_000, 0.5, 1);
  const mean = validation.reduce((sum, index) => sum + index, 0) / validation.length;
  // The mean of 5,000 of 10,000 without replacement has standard deviation 29: five of them.
  expect(Math.abs(mean - 4999.5)).toBeLessThan(145);
});

test('either part has an image however small the share', () => {
  expect(splitBySeed(2, 0.001, 0).validation).toHaveLength(1);
  expect(splitBySeed(2, 0.999, 0).train).toHaveLength(1);
});

test('what cannot be split is an error', () => {
  expect(() => splitBySeed(1, 0.1, 0)).toThrow(/expected at least 2 images.* got 1; add images/);
  for (const fraction of [0, 1, -0.1, Number.NaN]) {
    expect(() => splitBySeed(10, fraction, 0)).toThrow(`fraction must be between 0 and 1, got ${fraction}`);
  }
});

test('an epoch visits different images in full batches', () => {
  const indices = Uint32Array.from([5, 6, 7, 8, 9, 10, 11]);
  const batches = epochBatches(indices, 3, 1, 0);
  expect(batches.map((batch) => batch.length)).toEqual([3, 3]);
  const seen = batches.flatMap((batch) => [...batch]);
  expect(new Set(seen).size).toBe(6);
  for (const index of seen) expect(indices).toContain(index);
  expect([...indices]).toEqual([5, 6, 7, 8, 9, 10, 11]);
});

test('the order follows from seed and epoch alone and differs between them', () => {
  const indices = Uint32Array.from(count(50));
  expect(epochBatches(indices, 50, 1, 4)).toEqual(epochBatches(indices, 50, 1, 4));
  expect(epochBatches(indices, 50, 1, 4)).not.toEqual(epochBatches(indices, 50, 1, 5));
  expect(epochBatches(indices, 50, 1, 4)).not.toEqual(epochBatches(indices, 50, 2, 4));
});

test('over the epochs every image is trained on, those left over too', () => {
  const indices = Uint32Array.from(count(7));
  const seen = count(10).flatMap((epoch) =>
    epochBatches(indices, 3, 1, epoch).flatMap((batch) => [...batch]),
  );
  expect(new Set(seen).size).toBe(7);
});

test('batches in order keep the rest', () => {
  expect(inBatches(Uint32Array.from(count(5)), 2).map((batch) => [...batch])).toEqual([[0, 1], [2, 3], [4]]);
});

test('a batch size that cannot be is an error', () => {
  const indices = Uint32Array.from(count(5));
  expect(() => epochBatches(indices, 6, 1, 0)).toThrow(/batch of 6 is more than the 5 training images/);
  expect(() => inBatches(indices, 0)).toThrow(/batch size must be a positive integer, got 0/);
});
