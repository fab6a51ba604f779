import {
  createGlow,
  createRandom,
  decode,
  encode,
  float64Ops,
  forwardWeights,
  initialise,
  initialParams,
  inverseWeights,
  tensor,
} from '@glow-onnx/flow';
import { filled, latentShapes } from '@glow-onnx/flow/internal';
import { flatten, numericalLogDet, relativeError } from '../../support/numeric.js';
import { labelsFor, randomParams, randomTensor } from '../../support/random-params.js';
import { tinyConfig } from '../../support/tiny-config.js';
import { variants } from '../../support/variants.js';

/** float64 rounding through a few dozen layers. */
const ROUND_TRIP = 1e-10;
/** Central differences with step 1e-5: truncation and rounding both stay below 1e-8 per entry. */
const JACOBIAN = 1e-6;

describe.each(variants)('a whole model: $name', ({ config }) => {
  const glow = createGlow(config);
  const params = randomParams(glow, 7);
  const forward = forwardWeights(glow, float64Ops, params);
  const inverse = inverseWeights(glow, params);
  const batch = 2;
  const { channels, height, width } = config;
  const x = randomTensor([batch, channels, height, width], createRandom(3), 0.3);
  const label = labelsFor(config.classes, batch);
  const encoding = encode(glow, float64Ops, x, forward, label);

  test('latents have the shapes that the config promises', () => {
    expect(encoding.latents.map(({ shape }) => shape)).toEqual(latentShapes(config, batch, height, width));
  });

  test('decode restores what encode was given', () => {
    const restored = decode(glow, float64Ops, encoding.latents, inverse, label);
    expect(restored.shape).toEqual(x.shape);
    expect(relativeError(restored.data, x.data)).toBeLessThan(ROUND_TRIP);
  });

  test('encode restores what decode was given', () => {
    const random = createRandom(4);
    const latents = latentShapes(config, batch, height, width).map((shape) =>
      randomTensor(shape, random, 0.5),
    );
    const restored = encode(
      glow,
      float64Ops,
      decode(glow, float64Ops, latents, inverse, label),
      forward,
      label,
    );
    expect(relativeError(flatten(restored.latents), flatten(latents))).toBeLessThan(ROUND_TRIP);
  });

  // The smallest image that is not square, for tests that encode once for each element or parameter.
  const unit = 2 ** config.levels;
  const small = randomTensor([1, channels, unit, 2 * unit], createRandom(3), 0.3);
  const one = labelsFor(config.classes, 1);
  const ofSmall = encode(glow, float64Ops, small, forward, one);

  test('log p(x) is the Gaussian density of the latents plus log|det| of a numerical Jacobian', () => {
    const toLatents = (values: Float64Array): number[] =>
      flatten(encode(glow, float64Ops, tensor(small.shape, values), forward, one).latents);
    const density = flatten(ofSmall.latents).reduce(
      (sum, z) => sum - 0.5 * z * z - 0.5 * Math.log(2 * Math.PI),
      0,
    );
    const expected = density + numericalLogDet(toLatents, small.data);
    expect(Math.abs(ofSmall.logProb.data[0] - expected)).toBeLessThan(
      JACOBIAN * Math.abs(expected) + JACOBIAN,
    );
  });

  test('log densities of the levels sum to that of the image', () => {
    const sums = encoding.logProbLevels.reduce((sum, level) => float64Ops.add(sum, level), filled([batch]));
    expect(relativeError(sums.data, encoding.logProb.data)).toBeLessThan(ROUND_TRIP);
  });

  test('every parameter listed changes log p(x), and none is used that is not listed', () => {
    const listed = glow.params.map(({ name }) => name).sort();
    expect([...Object.keys(params.trainable), ...Object.keys(params.fixed)].sort()).toEqual(listed);
    for (const { name } of glow.params.filter(({ kind }) => kind === 'trainable')) {
      const values = params.trainable[name];
      const moved = { ...values, data: values.data.map((value, i) => value * 1.5 + 0.1 + 0.01 * i) };
      const changed = { ...params, trainable: { ...params.trainable, [name]: moved } };
      const again = encode(glow, float64Ops, small, forwardWeights(glow, float64Ops, changed), one);
      expect([name, again.logProb.data[0]]).not.toEqual([name, ofSmall.logProb.data[0]]);
    }
  });

  test('an image of another size that the levels divide goes through', () => {
    const larger = randomTensor([1, channels, height * 2, width], createRandom(5), 0.3);
    const restored = decode(
      glow,
      float64Ops,
      encode(glow, float64Ops, larger, forward, one).latents,
      inverse,
      one,
    );
    expect(relativeError(restored.data, larger.data)).toBeLessThan(ROUND_TRIP);
  });
});

test('data-dependent initialisation gives actnorm outputs, hidden ones too, mean 0 and deviation 1', () => {
  const config = tinyConfig({}, 'openai');
  const glow = createGlow(config);
  const before = initialParams(glow, 1);
  const x = randomTensor([8, 3, 8, 8], createRandom(2), 0.3);
  const params = { ...before, trainable: initialise(glow, float64Ops, x, before) };
  const seen: string[] = [];
  const expectNormal = (value: typeof x, what: string): void => {
    const { mean, std } = float64Ops.channelMoments(value);
    for (const m of mean.data) expect(Math.abs(m)).toBeLessThan(1e-9);
    for (const s of std.data) expect(Math.abs(s - 1)).toBeLessThan(1e-4); // std/(std + 1e-6)
    seen.push(what);
  };
  const watching = {
    ...float64Ops,
    relu: (value: typeof x) => {
      expectNormal(value, 'hidden');
      return float64Ops.relu(value);
    },
    named: (value: typeof x, name: string) => {
      if (/steps\.\d+\.actnorm\.y$/.test(name)) expectNormal(value, 'actnorm');
      return value;
    },
  };
  const weights = forwardWeights(glow, float64Ops, params);
  encode(glow, watching, x, weights);
  expect(seen.filter((what) => what === 'actnorm')).toHaveLength(config.levels * config.steps);
  expect(seen.filter((what) => what === 'hidden')).toHaveLength(2 * config.levels * config.steps);
});

test('decode says how many latents it needs', () => {
  const glow = createGlow(tinyConfig({ channels: 1, levels: 2 }));
  const weights = inverseWeights(glow, initialParams(glow, 1));
  expect(() => decode(glow, float64Ops, [filled([1, 2, 4, 4])], weights)).toThrow(
    'decode: expected 2 latents, finest first, got 1',
  );
});

test('a singular 1×1 convolution names the step', () => {
  const config = tinyConfig({ channels: 1, conv1x1: 'full' });
  const glow = createGlow(config);
  const params = randomParams(glow, 1);
  const singular = { ...params.trainable, 'levels.0.steps.1.conv1x1.weight': filled([4, 4], 1) };
  expect(() => inverseWeights(glow, { ...params, trainable: singular })).toThrow(
    /levels\.0\.steps\.1\.conv1x1: the matrix is singular: pivot 3 is 0/,
  );
});
