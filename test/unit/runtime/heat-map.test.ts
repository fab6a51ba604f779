import { heatMap, type PixelMap } from '@glow-onnx/runtime';

const map = (...values: number[]): PixelMap => ({
  shape: [1, values.length],
  data: Float32Array.from(values),
});
const hexOf = ({ data }: { readonly data: Uint8Array }) => Buffer.from(data).toString('hex');

/** Lightness and the two colour axes of a colour 0 … 255. Source: Ottosson 2020, OKLab. */
function oklab(rgb: ArrayLike<number>): [number, number, number] {
  const [r, g, b] = Array.from(rgb, (value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

test('the least is dark, the greatest bright, and what lies outside gets the colour of its end', () => {
  expect(hexOf(heatMap(map(2, 7)))).toBe('0c0a1dfbf6a6');
  expect(hexOf(heatMap(map(-9, 0, 10, 99), { from: 0, to: 10 }))).toBe('0c0a1d0c0a1dfbf6a6fbf6a6');
  expect(hexOf(heatMap(map(3, 3)))).toBe('0c0a1d0c0a1d');
  const image = heatMap({ shape: [2, 3], data: new Float32Array(6) });
  expect([image.height, image.width, image.channels, image.data.length]).toEqual([2, 3, 3, 18]);
});

test('equal differences look equal: lightness rises evenly, and so do distances of colours', () => {
  const count = 65;
  const { data } = heatMap(map(...Array.from({ length: count }, (_, i) => i)));
  const labs = Array.from({ length: count }, (_, i) => oklab(data.subarray(3 * i, 3 * i + 3)));
  labs.slice(1).forEach((lab, i) => {
    const before = labs[i] as [number, number, number];
    expect((lab[0] - before[0]) * (count - 1)).toBeGreaterThan(0.6); // 0.8 on the mean, and rounding to bytes
    expect((lab[0] - before[0]) * (count - 1)).toBeLessThan(1);
    const distance = Math.hypot(...lab.map((value, axis) => value - (before[axis] as number)));
    expect(distance * (count - 1)).toBeGreaterThan(0.75);
    expect(distance * (count - 1)).toBeLessThan(1.25);
  });
});

test.each<readonly [string, unknown, object, string]>([
  ['no map', undefined, {}, 'heatMap: expected a map { shape: [height, width], data }'],
  [
    'an image',
    { shape: [3, 2, 2], data: new Float32Array(12) },
    {},
    'shape [3,2,2] does not have 12 numbers',
  ],
  ['too few numbers', { shape: [2, 2], data: new Float32Array(3) }, {}, 'shape [2,2] does not have 3'],
  ['other numbers', { shape: [1, 1], data: [1] }, {}, 'heatMap: expected a map'],
  ['ends the wrong way round', map(1), { from: 2, to: 1 }, 'to is 1, expected at least from, 2'],
  ['an end that is no number', map(1), { to: Number.NaN }, 'heatMap: to must be a finite number, got NaN'],
  ['an unknown option', map(1), { scale: 2 }, 'scale'],
])('says what is wrong with %s', (_, wrong, options, message) => {
  expect(() => heatMap(wrong as PixelMap, options)).toThrow(message);
});
