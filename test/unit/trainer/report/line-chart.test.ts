import { lineChart, ticks } from '../../../../packages/trainer/src/report/line-chart.js';

const size = { title: 'loss', xName: 'steps', width: 560, height: 134 }; // a plane of 500×100 within the margins

/** The corners of the n-th curve. */
function corners(svg: string, n = 1): number[][] {
  const [, path] = new RegExp(`class="curve series-${n}" d="M([^"]*)"`).exec(svg) ?? [];
  return (path ?? '').split('L').map((corner) => corner.split(' ').map(Number));
}

test.each([
  [0.3, 9.1, 4, [0, 2, 4, 6, 8, 10]],
  [3.02, 3.07, 4, [3.02, 3.03, 3.04, 3.05, 3.06, 3.07]],
  [0, 1000, 5, [0, 200, 400, 600, 800, 1000]],
  [5, 5, 4, [5, 6, 7, 8, 9, 10]],
  [-1, 1, 4, [-1, -0.5, 0, 0.5, 1]],
])('ticks from %d to %d are round and enclose it', (low, high, count, expected) => {
  const found = ticks(low, high, count);
  expect(found).toEqual(expected.slice(0, found.length));
  expect(found[0]).toBeLessThanOrEqual(low);
  expect(found.at(-1)).toBeGreaterThanOrEqual(high);
});

test('a curve runs from the left to the right of its frame, higher values above', () => {
  const points = [0, 2, 1].map((y, i) => ({ x: 10 * i, y }));
  const svg = lineChart([{ name: 'loss', points }], size);
  expect(corners(svg)).toEqual([
    [48, 108],
    [298, 8],
    [548, 58],
  ]);
  expect(svg).toContain('<title>10 steps\nloss 2</title>');
  expect(svg).toMatch(/>steps<.*>0<.*>20</);
});

test('a logarithmic axis gives each power of ten the same height', () => {
  const points = [1, 10, 100].map((y, i) => ({ x: i, y }));
  const svg = lineChart([{ name: 'norm', points: [...points, { x: 3, y: 0 }] }], { ...size, log: true });
  expect(corners(svg).map(([, y]) => y)).toEqual([108, 58, 8]);
});

test('a steep start stands above the frame and does not flatten what follows', () => {
  const points = Array.from({ length: 100 }, (_, i) => ({ x: i, y: i < 5 ? 1000 : 3 + i / 100 }));
  const later = corners(lineChart([{ name: 'loss', points }], size)).slice(10);
  const heights = later.map(([, y]) => y);
  expect(Math.max(...heights) - Math.min(...heights)).toBeGreaterThan(50);
});

test('a hundred thousand points become some hundred, the last as it is', () => {
  const points = Array.from({ length: 100_000 }, (_, i) => ({ x: i, y: 1 + (i % 2) }));
  const svg = lineChart([{ name: 'loss', points }], size);
  const drawn = corners(svg);
  expect(drawn.length).toBeLessThan(310);
  expect(drawn.at(-1)).toEqual([548, 8]);
  expect(svg.length).toBeLessThan(100_000);
});

test('without a point there is no figure, and with one there is', () => {
  expect(lineChart([{ name: 'loss', points: [] }], size)).toBe('');
  expect(lineChart([{ name: 'loss', points: [{ x: 0, y: 3 }] }], size)).not.toMatch(/NaN|Infinity/);
});

test('the largest of neighbours is kept where it is the largest that counts', () => {
  const points = Array.from({ length: 3000 }, (_, i) => ({ x: i, y: i === 1234 ? 100 : 1 }));
  const log = { ...size, log: true, combine: (norms: readonly number[]) => Math.max(...norms) };
  const heights = corners(lineChart([{ name: 'norm', points }], log)).map(([, y]) => y);
  expect(Math.min(...heights)).toBe(8);
  expect(heights.filter((y) => y < 100)).toHaveLength(1);
});

test('a rate that rises from the first step on stays within its frame', () => {
  const points = Array.from({ length: 40 }, (_, i) => ({ x: i, y: i / 40 }));
  const heights = corners(lineChart([{ name: 'rate', points }], size)).map(([, y]) => y);
  expect(Math.max(...heights)).toBe(108);
});

test('names are shown as text', () => {
  const svg = lineChart([{ name: '</title><img src=x>', points: [{ x: 0, y: 3 }] }], size);
  expect(svg).toContain('&lt;/title>&lt;img src=x> 3');
  expect(svg).not.toContain('<img');
});
