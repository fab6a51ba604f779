import {
  knownMeans,
  knownValues,
  noisyValues,
} from '../../../../packages/runtime/src/restore/measurement.js';
import type { Prior } from '../../../../packages/runtime/src/restore/prior.js';
import {
  climbAlongLatents,
  climbInImage,
  fitLatents,
} from '../../../../packages/runtime/src/restore/search.js';

/** x = scale·z, so values are independent normal numbers, and all results are known. */
const scale = 0.2;
const size = 4;

function normalPrior(batch: number): Prior {
  const latentsOf = (x: Float32Array) => x.map((value) => value / scale);
  const logProbOf = (x: Float32Array) =>
    Float32Array.from({ length: batch }, (_, n) =>
      latentsOf(x.subarray(n * size, (n + 1) * size)).reduce((sum, z) => sum - (z * z) / 2, 0),
    );
  return {
    batch,
    size,
    latentSizes: [size],
    encode: async (x) => ({ logProb: logProbOf(x), z: [latentsOf(x)] }),
    gradient: async (x) => ({
      logProb: logProbOf(x),
      z: [latentsOf(x)],
      gradient: x.map((value) => -value / scale ** 2),
    }),
    decode: async ([z]) => (z as Float32Array).map((value) => scale * value),
    async pull([z], { target, weight, cotangent }) {
      const x = (z as Float32Array).map((value) => scale * value);
      const at = (values: Float32Array, i: number) => values[i] as number;
      const dz = x.map((value, i) => scale * (at(weight, i) * (value - at(target, i)) + at(cotangent, i)));
      return { x, dz: [dz] };
    },
  };
}

const y = Float32Array.of(0.4, -0.3, 0.2, 0.1);
const fitting = {
  steps: 400,
  rate: { from: 0.1, to: 0.0005 },
  sigma: { from: 0.3, to: 0.03 },
  from: 'zero' as const,
};
const climbing = { steps: 300, rate: { from: 0.1, to: 0.0002 } };
const problemOf = (measurement: ReturnType<typeof noisyValues>) => ({
  prior: normalPrior(1),
  measurements: [measurement],
  densityWeight: 1,
  onStep: async () => {},
});

/** y·scale²/(scale² + sigma²) */
const shrunk = (sigma: number) => [...y].map((value) => (value * scale ** 2) / (scale ** 2 + sigma ** 2));

function expectClose(x: Float32Array, expected: readonly number[]) {
  for (const [i, value] of expected.entries()) expect(x[i]).toBeCloseTo(value, 2);
}

test.each([0.1, 0.2, 0.4])(
  'noise of %d comes off as normal numbers demand, in the image and in the latents',
  async (sigma) => {
    const problem = problemOf(noisyValues(y, sigma));
    expectClose((await climbInImage(problem, y, climbing)).x, shrunk(sigma));
    expectClose((await climbAlongLatents(problem, y, climbing)).x, shrunk(sigma));
    expectClose(await fitLatents(problem, y, fitting), shrunk(sigma));
  },
);

test('each image of a batch has its own noise', async () => {
  const both = Float32Array.of(...y, ...y);
  const measurements = [noisyValues(y, 0.1), noisyValues(y, 0.4)];
  const problem = { ...problemOf(measurements[0] as never), prior: normalPrior(2), measurements };
  expectClose(await fitLatents(problem, both, fitting), [...shrunk(0.1), ...shrunk(0.4)]);
});

test('the hole of a picture becomes the most likely, and what is known stays', async () => {
  const problem = problemOf(knownValues(y, Float32Array.of(1, 1, 0, 0)));
  const expected = [0, 0, 0.2, 0.1];
  expectClose((await climbInImage(problem, y, climbing)).x, expected);
  expectClose((await climbAlongLatents(problem, y, climbing)).x, expected);
  expectClose(await fitLatents(problem, y, fitting), expected);
});

test('a block of known mean becomes even', async () => {
  const problem = problemOf(knownMeans(Float32Array.of(0.1), { channels: 1, height: 2, width: 2, side: 2 }));
  const start = Float32Array.of(0.3, -0.1, 0.2, 0);
  const expected = [0.1, 0.1, 0.1, 0.1];
  expectClose((await climbInImage(problem, start, climbing)).x, expected);
  expectClose(await fitLatents(problem, start, fitting), expected);
});

test('a draw lies between what is known and its latents', async () => {
  const problem = problemOf(noisyValues(y, 0.2));
  const drawn = { ...fitting, draw: { temperature: 1, seed: 1, streams: [0] } };
  const [first, again] = [await fitLatents(problem, y, drawn), await fitLatents(problem, y, drawn)];
  expect(first).toEqual(again);
  const other = await fitLatents(problem, y, { ...drawn, draw: { ...drawn.draw, streams: [1] } });
  expect(other).not.toEqual(first);
});
