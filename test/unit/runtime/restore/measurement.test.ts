import { createRandom } from '@glow-onnx/flow/random';
import { fillHarmonically } from '../../../../packages/runtime/src/restore/harmonic.js';
import {
  knownMeans,
  knownValues,
  type Measurement,
  noisyValues,
  spread,
} from '../../../../packages/runtime/src/restore/measurement.js';

const shape = { channels: 2, height: 4, width: 6, side: 2 };
const size = 48;
const normals = (seed: number, scale = 0.1) => {
  const { normal } = createRandom(seed);
  return Float32Array.from({ length: size }, () => scale * normal());
};
const truth = normals(1);
const hole = Float32Array.from({ length: size }, (_, i) => Number(i % 3 === 0));
const means = Float32Array.from({ length: size / 4 }, (_, i) => i / 40 - 0.15);

/** Each measurement, and A·x of an image by its own definition. */
const cases: readonly (readonly [string, Measurement, (x: Float32Array) => number[], number[]])[] = [
  [
    'known values',
    knownValues(truth, hole),
    (x) => [...x].filter((_, i) => !hole[i]),
    [...truth].filter((_, i) => !hole[i]),
  ],
  ['noisy values', noisyValues(truth, 0.1), (x) => [...x], [...truth]],
  ['means of blocks', knownMeans(means, shape), meansOf, [...means]],
];

function meansOf(x: Float32Array): number[] {
  const { channels, height, width, side } = shape;
  const found: number[] = [];
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < height; y += side)
      for (let z = 0; z < width; z += side) {
        let sum = 0;
        for (let dy = 0; dy < side; dy++)
          for (let dx = 0; dx < side; dx++) sum += x[(c * height + y + dy) * width + z + dx] as number;
        found.push(sum / side ** 2);
      }
  return found;
}

describe.each(cases)('%s', (_, measurement, apply, y) => {
  const misfit = (x: Float32Array) =>
    apply(x).reduce((sum, value, i) => sum + (value - (y[i] as number)) ** 2 / 2, 0);

  test('the residual is the slope of half the squared misfit', () => {
    const [x, along] = [normals(2), normals(3, 1)];
    const step = 1e-3;
    const moved = (by: number) => x.map((value, i) => value + by * (along[i] as number));
    const slope = (misfit(moved(step)) - misfit(moved(-step))) / (2 * step);
    const found = measurement.residual(x).reduce((sum, value, i) => sum + value * (along[i] as number), 0);
    expect(found).toBeCloseTo(slope, 3);
  });

  test('the free part of a direction changes nothing that is measured, if that is exact', () => {
    const free = measurement.free(normals(4));
    if (measurement.sigma > 0) expect(free).toEqual(normals(4));
    else expect(Math.max(...apply(free).map(Math.abs))).toBeLessThan(1e-7);
  });

  test('a projected image is in range and has what is measured, if that is exact', () => {
    const x = normals(5, 0.6);
    measurement.project(x);
    expect(Math.max(...x.map(Math.abs))).toBeLessThanOrEqual(0.5);
    if (measurement.sigma === 0) expect(misfit(x)).toBeLessThan(1e-4);
    const again = x.slice();
    measurement.project(again);
    expect(Math.max(...again.map((value, i) => Math.abs(value - (x[i] as number))))).toBeLessThan(1e-2);
  });
});

test('spread repeats each mean over its block', () => {
  expect(meansOf(spread(means, shape))).toEqual([...means]);
});

describe('harmonic fill', () => {
  const flat = { channels: 1, height: 5, width: 7 };
  const ramp = Float32Array.from({ length: 35 }, (_, i) => (i % 7) / 20 + Math.floor(i / 7) / 30);
  const inside = Float32Array.from(ramp, (_, i) => {
    const [y, x] = [Math.floor(i / 7), i % 7];
    return Number(y >= 1 && y <= 3 && x >= 2 && x <= 4);
  });

  test('continues a ramp through a hole, whatever stood there', async () => {
    const x = ramp.map((value, i) => (inside[i] ? 9 : value));
    await fillHarmonically(x, inside, flat);
    expect(Math.max(...x.map((value, i) => Math.abs(value - (ramp[i] as number))))).toBeLessThan(1e-5);
  });

  test('of a large hole lets others work, and ends when they say so', async () => {
    const large = { channels: 1, height: 128, width: 128 };
    const x = Float32Array.from({ length: 128 * 128 }, (_, i) => (i % 128) / 256);
    const hole = x.map((_, i) => Number(i >= 128));
    let pauses = 0;
    const filling = fillHarmonically(x, hole, large, async () => {
      if (++pauses === 2) throw new Error('enough');
    });
    await expect(filling).rejects.toThrow('enough');
  });

  test('leaves what is known', async () => {
    const x = ramp.slice();
    await fillHarmonically(x, inside, flat);
    for (const [i, value] of x.entries()) if (!inside[i]) expect(value).toBe(ramp[i]);
  });
});
