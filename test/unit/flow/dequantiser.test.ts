import {
  createGlow,
  createRandom,
  type Dequantised,
  dequantise,
  encode,
  encodeCheckpoint,
  encodeDequantised,
  type Float64Tensor,
  float64Ops,
  forwardWeights,
  initialParams,
  inverseWeights,
  parseCheckpoint,
  tensor,
} from '@glow-onnx/flow';
import { binToModel, modelToBin } from '@glow-onnx/flow/internal';
import { numericalLogDet, relativeError } from '../../support/numeric.js';
import { randomParams } from '../../support/random-params.js';
import { tinyConfig } from '../../support/tiny-config.js';

/** Central differences with step 1e-5 of a smooth map. */
const JACOBIAN = 1e-6;
/** The midpoint rule with 14 points on each side. */
const QUADRATURE = 0.01;

const bits = 3;
const small = tinyConfig({ channels: 1, height: 2, width: 2, levels: 1, hiddenChannels: 4, bits });
const glow = createGlow(small, 'variational');
/** Parameters of which none is zero, and the same ten times as large: a flow that has left all reason. */
const [weights, wild] = [0.1, 1].map((deviation) =>
  forwardWeights(glow, float64Ops, randomParams(glow, 5, deviation)),
);
/** What the flow leaves out at both ends of [0, 1). */
const EDGE = 2 ** -17;
const bins = [0, 3, 4, 7];

const logit = (u: number): number => Math.log(u) - Math.log1p(-u);

/** x and log q for uniform numbers of any number of images of the same bins. */
function made(uniform: Float64Array, from = weights): Required<Dequantised<Float64Tensor>> {
  const shape = [uniform.length / bins.length, 1, 2, 2];
  const centre = tensor(
    shape,
    uniform.map((_, i) => binToModel(bins[i % bins.length], bits)),
  );
  const noise = tensor(shape, uniform.map(logit));
  return dequantise(glow, float64Ops, { centre, noise }, from) as Required<Dequantised<Float64Tensor>>;
}

const uniformNumbers = (count: number, seed: number) =>
  Float64Array.from({ length: count * bins.length }, createRandom(seed).uniform);
const noiseOf = (x: Float64Array) => x.map((value, i) => (value + 0.5) * 2 ** bits - bins[i % bins.length]);

test('before training the noise is uniform: x is the bin and the uniform number, and its density is 1', () => {
  const start = forwardWeights(glow, float64Ops, initialParams(glow, 1));
  const uniform = uniformNumbers(10, 1);
  const { x, logDensity } = made(uniform, start);
  const inside = uniform.map((u) => 0.5 + (1 - 2 * EDGE) * (u - 0.5));
  expect(relativeError(noiseOf(x.data), inside)).toBeLessThan(1e-12);
  const volume = (1 - 2 * EDGE) ** bins.length;
  for (const log of logDensity.data) expect(log).toBeCloseTo(-Math.log(volume), 12);
});

test('after training the noise has another distribution, between 0 and 1, and no bin changes', () => {
  const uniform = uniformNumbers(2000, 2);
  // The edges too: the least and the largest numbers that float32 images have at 8 bits.
  uniform.set([2 ** -18, 1 - 2 ** -18, 2 ** -18, 1 - 2 ** -18]);
  for (const from of [weights, wild]) {
    const { x, logDensity } = made(uniform, from);
    const noise = noiseOf(x.data);
    expect(relativeError(noise, uniform)).toBeGreaterThan(0.05);
    expect(noise.every((u) => u > 0.99 * EDGE && u < 1 - 0.99 * EDGE)).toBe(true);
    expect(x.data.every((value, i) => modelToBin(value, bits) === bins[i % bins.length])).toBe(true);
    expect(logDensity.data.every(Number.isFinite)).toBe(true);
  }
});

test('the density is that of a change of variables: its logarithm is −log|det| of a numerical Jacobian', () => {
  const uniform = uniformNumbers(1, 3);
  const { logDensity } = made(uniform);
  const logDet = numericalLogDet((values) => noiseOf(made(values).x.data), uniform);
  expect(Math.abs(logDensity.data[0] + logDet)).toBeLessThan(JACOBIAN * (1 + Math.abs(logDet)));
});

test('the density integrates to 1 over the cube: E[1/q] is the volume of what the noise reaches', () => {
  const points = 14;
  const grid = new Float64Array(bins.length * points ** bins.length);
  for (let i = 0; i < grid.length; i++) {
    const [image, axis] = [Math.floor(i / bins.length), i % bins.length];
    grid[i] = ((Math.floor(image / points ** axis) % points) + 0.5) / points;
  }
  // 1/q is steep near the faces of the cube: u = t³·(10 − 15t + 6t²) puts more points there.
  const { logDensity } = made(grid.map((t) => t ** 3 * (10 - 15 * t + 6 * t * t)));
  const weightOf = (image: number) =>
    grid.subarray(4 * image, 4 * image + 4).reduce((product, t) => product * 30 * (t * (1 - t)) ** 2, 1);
  const sum = logDensity.data.reduce((all, log, image) => all + weightOf(image) * Math.exp(-log), 0);
  const volume = sum / logDensity.data.length;
  expect(Math.abs(volume - 1)).toBeLessThan(QUADRATURE);
});

test('the noise of each half depends on the other half, and all of it on the image', () => {
  const uniform = uniformNumbers(1, 4);
  const before = noiseOf(made(uniform).x.data);
  for (let i = 0; i < 4; i++) {
    const moved = uniform.map((u, k) => (k === i ? u / 2 : u));
    const after = noiseOf(made(moved).x.data);
    expect([...after].filter((u, k) => u === before[k])).toEqual([]);
  }
  const centre = tensor(
    [1, 1, 2, 2],
    [1, 3, 4, 7].map((bin) => binToModel(bin, bits)),
  ); // another first bin
  const noise = tensor([1, 1, 2, 2], uniform.map(logit));
  const { x } = dequantise(glow, float64Ops, { centre, noise }, weights);
  expect([...x.data].slice(1)).not.toContain(made(uniform).x.data[1]);
});

test('the bound is log p(x) less log q, in the part of the finest level, and encode and decode do not change', () => {
  const config = tinyConfig();
  const plain = createGlow(config);
  const varied = createGlow(config, 'variational');
  const params = randomParams(varied, 6);
  const own = forwardWeights(varied, float64Ops, params);
  const random = createRandom(7);
  const image = (of: () => number) => tensor([2, 3, 8, 8], Float64Array.from({ length: 2 * 192 }, of));
  const centre = image(() => binToModel(random.below(32), 5));
  const noise = image(() => logit(random.uniform()));
  const dequantised = dequantise(varied, float64Ops, { centre, noise }, own);
  const { logProb, logProbLevels } = encodeDequantised(varied, float64Ops, dequantised, own);
  const ofX = encode(plain, float64Ops, dequantised.x, forwardWeights(plain, float64Ops, params));
  const { logDensity } = dequantised as Required<Dequantised<Float64Tensor>>;
  const less = (a: Float64Tensor) => float64Ops.sub(a, logDensity);
  expect(logProb).toEqual(less(ofX.logProb));
  expect(logProbLevels).toEqual([less(ofX.logProbLevels[0]), ...ofX.logProbLevels.slice(1)]);
  expect(inverseWeights(varied, params)).toEqual(inverseWeights(plain, params));
  // Uniform noise needs no dequantiser, and gets its log p(x) as it is.
  const uniform = dequantise(varied, float64Ops, { x: dequantised.x }, own);
  expect(encodeDequantised(varied, float64Ops, uniform, own).logProb).toEqual(ofX.logProb);
});

test('the parameters of the model are the same with and without a dequantiser', () => {
  const plain = initialParams(createGlow(small), 3);
  expect(initialParams(glow, 3)).toMatchObject({ trainable: plain.trainable, fixed: plain.fixed });
});

test('a checkpoint keeps the dequantiser, its averages and moments', () => {
  const { trainable, fixed } = randomParams(glow, 8);
  const other = randomParams(glow, 9).trainable;
  const optimizer = { m: other, v: trainable };
  const checkpoint = {
    config: small,
    params: { trainable, fixed },
    initialised: true,
    ema: other,
    optimizer,
  };
  const read = parseCheckpoint(encodeCheckpoint(checkpoint));
  expect(read).toEqual(checkpoint);
  const { 'dequantisation.steps.3.coupling.conv3.bias': _, ...incomplete } = trainable;
  expect(() => encodeCheckpoint({ ...checkpoint, params: { trainable: incomplete, fixed } })).toThrow(
    'tensor "dequantisation.steps.3.coupling.conv3.bias" is missing',
  );
});

test('numbers, which lie in no bins, and a model without a dequantiser are refused', () => {
  expect(() => createGlow({ ...small, bits: 0 }, 'variational')).toThrow(
    'config: dequantisation "variational" makes real numbers of pixels, but 0 bits are real numbers',
  );
  const image = tensor([1, 1, 2, 2], [0, 0, 0, 0]);
  expect(() => dequantise(createGlow(small), float64Ops, { centre: image, noise: image }, weights)).toThrow(
    'dequantise: the model has no dequantiser; make it with createGlow(config, "variational")',
  );
});
