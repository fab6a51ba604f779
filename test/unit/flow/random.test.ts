import { createRandom } from '@glow-onnx/flow';
import { restoreRandom, shuffle } from '@glow-onnx/flow/internal';

test('a stream is that of its seed and index, and of nothing else', () => {
  const draw = (seed: number, index?: number): number[] => {
    const random = createRandom(seed, index);
    return Array.from({ length: 4 }, random.uint32);
  };
  expect(draw(1, 2)).toEqual(draw(1, 2));
  const streams = [
    draw(1, 0),
    draw(2, 0),
    draw(0, 1),
    draw(1, 1),
    draw(2 ** 40, 0),
    draw(0, 2 ** 40),
    draw(0, 0),
  ];
  expect(new Set(streams.map(String)).size).toBe(streams.length);
});

test('the stream of seed 1 does not change between versions: pictures and splits depend on it', () => {
  const random = createRandom(1);
  expect(Array.from({ length: 4 }, random.uint32)).toEqual([4001684051, 1069726039, 3498237866, 3830130263]);
});

test("from the state 1, 2, 3, 4 it draws what the authors' reference implementation of xoshiro128** draws", () => {
  const random = restoreRandom({ words: [1, 2, 3, 4], spareNormal: null });
  expect(Array.from({ length: 8 }, random.uint32)).toEqual([
    11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849,
  ]);
});

test('a stream goes on from its state, also between the two normals of a pair', () => {
  const random = createRandom(5);
  random.normal();
  const continued = restoreRandom(JSON.parse(JSON.stringify(random.state())));
  for (let i = 0; i < 5; i++) expect(continued.normal()).toBe(random.normal());
});

test.each([[[0, 0, 0, 0]], [[1, 2, 3]], [[1, 2, 3, -4]], [[1, 2, 3, 0.5]]])(
  'state %j is refused',
  (words) => {
    const state = { words: words as [number, number, number, number], spareNormal: null };
    expect(() => restoreRandom(state)).toThrow('four integers of 32 bits, not all zero');
  },
);

test.each([Number.NaN, '1', undefined])('a spare normal of %j is refused', (spareNormal) => {
  const state = { words: [1, 2, 3, 4] as const, spareNormal: spareNormal as never };
  expect(() => restoreRandom(state)).toThrow('expected spareNormal null or a number');
});

test('uniform numbers fill [0, 1) evenly', () => {
  const random = createRandom(2);
  const counts = new Array<number>(10).fill(0);
  for (let i = 0; i < 100_000; i++) counts[Math.floor(random.uniform() * 10)] += 1;
  const chiSquare = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
  expect(chiSquare).toBeLessThan(27.9); // 99.9 % quantile at 9 degrees of freedom
});

test('normal numbers have the first four moments of N(0, 1)', () => {
  const random = createRandom(3);
  const n = 200_000;
  const moments = [0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    const z = random.normal();
    for (let k = 0; k < 4; k++) moments[k] += z ** (k + 1) / n;
  }
  const tolerance = 5 / Math.sqrt(n); // five standard errors of the mean, the others scaled
  expect(Math.abs(moments[0])).toBeLessThan(tolerance);
  expect(Math.abs(moments[1] - 1)).toBeLessThan(tolerance * Math.sqrt(2));
  expect(Math.abs(moments[2])).toBeLessThan(tolerance * Math.sqrt(15));
  expect(Math.abs(moments[3] - 3)).toBeLessThan(tolerance * Math.sqrt(96));
});

test('streams of neighbouring indices are uncorrelated', () => {
  const n = 20_000;
  let product = 0;
  for (let i = 0; i < n; i++) product += createRandom(9, i).normal() * createRandom(9, i + 1).normal();
  expect(Math.abs(product / n)).toBeLessThan(5 / Math.sqrt(n));
});

test('shuffle keeps every element and moves them', () => {
  const order = shuffle(
    Array.from({ length: 50 }, (_, i) => i),
    createRandom(4),
  );
  expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
  expect(order).not.toEqual([...order].sort((a, b) => a - b));
});

test.each([-1, 1.5, Number.NaN, 2 ** 53])('seed %p is refused', (seed) => {
  expect(() => createRandom(seed)).toThrow(`seed must be an integer from 0 to 2^53 - 1, got ${seed}`);
});

test('a bound that is not a positive integer is refused', () => {
  expect(() => createRandom(1).below(0)).toThrow('bound must be an integer from 1 to 2^32, got 0');
});
