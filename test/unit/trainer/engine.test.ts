import {
  createGlow,
  createRandom,
  type Float64Tensor,
  initialParams,
  type Named,
  tensor,
} from '@glow-onnx/flow';
import * as tf from '@tensorflow/tfjs-core';
import { assembleEngine } from '../../../packages/trainer/src/assembly/assemble-engine.js';
import { inParts } from '../../../packages/trainer/src/engine/accumulate.js';
import type { EngineState } from '../../../packages/trainer/src/engine/contract.js';
import type { Differentiator } from '../../../packages/trainer/src/engine/differentiator.js';
import { norm, scales, updates } from '../../../packages/trainer/src/engine/optimizer.js';
import { flatten, parameterLayout } from '../../../packages/trainer/src/engine/parameters.js';
import { openDevice } from '../../../packages/trainer/src/tfjs/device.js';
import { createTfjsDifferentiator } from '../../../packages/trainer/src/tfjs/tfjs-differentiator.js';
import { relativeError } from '../../support/numeric.js';
import { randomParams } from '../../support/random-params.js';
import { rampsConfig } from '../../support/training.js';

/** Sums in another order. */
const FLOAT32 = 1e-5;

const glow = createGlow(rampsConfig);
const { trainable } = initialParams(glow, 1);
const batch = { count: 2, x: new Float32Array(128) };
const betas = { beta1: 0.9, beta2: 0.999 };
const settings = { optimizer: 'adam', ...betas, clip: 50, ema: 0 } as const;
const noLimit = Number.POSITIVE_INFINITY;

function differentiator(gradient: number, bitsPerDim = 4): Differentiator {
  return {
    description: 'constant',
    initialise: async (parameters) => parameters,
    gradient: async ({ length }) => ({
      bitsPerDim: Float64Array.of(bitsPerDim, bitsPerDim),
      bitsPerDimLevels: [Float64Array.of(bitsPerDim / 4, bitsPerDim / 2), Float64Array.of(0, 1)],
      gradient: new Float32Array(length).fill(gradient),
    }),
    evaluate: async () => Float64Array.of(bitsPerDim, bitsPerDim),
    orthogonalise: async (stacks) => stacks,
    dispose: async () => {},
  };
}

test.each([
  { name: 'adam', theirs: tf.train.adam, beta1: 0.9, beta2: 0.999 },
  { name: 'adam', theirs: tf.train.adam, beta1: 0.5, beta2: 0.95 },
  { name: 'adamax', theirs: tf.train.adamax, beta1: 0.9, beta2: 0.999 },
  { name: 'adamax', theirs: tf.train.adamax, beta1: 0.5, beta2: 0.95 },
] as const)('ten steps of $name by $beta1 and $beta2 are those of tf.train.$name', async (variant) => {
  const { name, theirs, beta1, beta2 } = variant;
  await openDevice('cpu');
  const random = createRandom(1);
  const start = Float32Array.from({ length: 20 }, random.normal);
  const ours = start.slice();
  const average = new Float32Array(20);
  const learned = { parameters: ours, average, m: new Float32Array(20), v: new Float32Array(20) };
  const variable = tf.variable(tf.tensor1d(start.slice()));
  const optimizer = theirs(0.01, beta1, beta2);
  for (let step = 1; step <= 10; step++) {
    const gradient = Float32Array.from({ length: 20 }, random.normal);
    const options = { rate: 0.01, beta1, beta2, factor: 1, step, decay: 0 };
    updates[name](learned, gradient, scales[name](options));
    optimizer.applyGradients([{ name: variable.name, tensor: tf.tensor1d(gradient) }]);
  }
  expect(relativeError(ours, await variable.data())).toBeLessThan(1e-6); // float32 rounds each of the steps
});

test('the norm of a gradient is Euclidean', () => {
  expect(norm(Float32Array.of(3, 0, -4))).toBe(5);
  expect(norm(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 14))).toBe(20);
});

test('a gradient beyond the clip is scaled down to it, one within is not', async () => {
  const moments = async (gradient: number): Promise<number> => {
    const engine = await assembleEngine(glow, { initial: trainable }, differentiator(gradient), {
      ...settings,
      clip: 1,
    });
    await engine.step(batch, 0.1, noLimit);
    return Object.values((await engine.snapshot()).optimizer.m)[0].data[0];
  };
  const size = Object.values(trainable).reduce((sum, { data }) => sum + data.length, 0);
  expect(await moments(1e6)).toBeCloseTo(0.1 / Math.sqrt(size), 6);
  expect(await moments(1e-6)).toBeCloseTo(0.1 * 1e-6, 12);
});

test("a step tells the batch's mean, the whole and by level", async () => {
  const engine = await assembleEngine(glow, { initial: trainable }, differentiator(1, 4), settings);
  const { bitsPerDim, bitsPerDimLevels } = await engine.step(batch, 0.1, noLimit);
  expect({ bitsPerDim, bitsPerDimLevels }).toEqual({ bitsPerDim: 4, bitsPerDimLevels: [1.5, 0.5] });
});

test('a snapshot holds numbers that can be changed and restored', async () => {
  const engine = await assembleEngine(glow, { initial: trainable }, differentiator(1), settings);
  const snapshot = await engine.snapshot();
  const [tensor] = Object.values(snapshot.trainable);
  tensor.data[0] = 5;
  await engine.restore(snapshot);
  expect(Object.values((await engine.snapshot()).trainable)[0].data[0]).toBe(5);
});

test('a loss or gradient that is not finite moves nothing', async () => {
  for (const bad of [differentiator(1, Number.NaN), differentiator(Number.POSITIVE_INFINITY)]) {
    const engine = await assembleEngine(glow, { initial: trainable }, bad, { ...settings, clip: 1 });
    const before = await engine.snapshot();
    await engine.step(batch, 0.1, noLimit);
    expect(await engine.snapshot()).toEqual(before);
  }
});

test('a restored engine goes on as if nothing had happened', async () => {
  const straight = await assembleEngine(glow, { initial: trainable }, differentiator(0.5), {
    ...settings,
    ema: 0.9,
    clip: 100,
  });
  for (let i = 0; i < 2; i++) await straight.step(batch, 0.1, noLimit);
  const restored = await assembleEngine(glow, { initial: trainable }, differentiator(0.5), {
    ...settings,
    ema: 0.9,
    clip: 100,
  });
  await restored.restore(await straight.snapshot());
  await straight.step(batch, 0.1, noLimit);
  await restored.step(batch, 0.1, noLimit);
  expect(await restored.snapshot()).toEqual(await straight.snapshot());
});

test('a state is that of the moment its numbers are looked at, a snapshot that of the moment it was taken', async () => {
  const engine = await assembleEngine(glow, { initial: trainable }, differentiator(1), settings);
  const [name] = Object.keys(trainable);
  const numbers = ({ trainable: now }: EngineState) => [...(now[name as string]?.data ?? [])];
  const [state, snapshot] = [await engine.state(), await engine.snapshot()];
  expect(numbers(state)).toEqual(numbers(snapshot));
  await engine.step(batch, 0.1, noLimit);
  expect(numbers(state)).toEqual(numbers(await engine.snapshot()));
  expect(numbers(state)).not.toEqual(numbers(snapshot));
});

test('a gradient of a norm beyond the limit moves nothing, one of that norm does', async () => {
  const engine = await assembleEngine(glow, { initial: trainable }, differentiator(1), settings);
  const before = await engine.snapshot();
  const length = Math.sqrt(parameterLayout(glow).size);
  expect(await engine.step(batch, 0.1, 0.99 * length)).toMatchObject({
    gradientNorm: length,
    applied: false,
  });
  expect(await engine.snapshot()).toEqual(before);
  expect(await engine.step(batch, 0.1, length)).toMatchObject({ applied: true });
  expect((await engine.snapshot()).steps).toBe(1);
});

test.each([
  ['rate', [Number.NaN, noLimit]],
  ['rate', [undefined as never, noLimit]],
  ['rate', [-1, noLimit]],
  ['normLimit', [0.1, Number.NaN]],
] as const)('a %s that is no amount is refused, and nothing moves: %j', async (name, [rate, limit]) => {
  const engine = await assembleEngine(glow, { initial: trainable }, differentiator(1), settings);
  const before = await engine.snapshot();
  await expect(engine.step(batch, rate, limit)).rejects.toThrow(`step: ${name} must be a`);
  expect(await engine.snapshot()).toEqual(before);
});

test('the average of a short run is over its last steps, that of a long one over 1/(1 − decay) of them', () => {
  const one = () => Float32Array.of(1);
  const learned = { parameters: one(), average: Float32Array.of(0), m: one(), v: one() };
  for (const name of ['adam', 'adamax'] as const) {
    const still = { rate: 0, ...betas, factor: 1 }; // parameters stay 1
    learned.average[0] = 0;
    updates[name](learned, one(), scales[name]({ ...still, step: 8, decay: 0.999 })); // (1 + 8)/(10 + 8) is a half
    expect(learned.average[0]).toBe(0.5);
    updates[name](learned, one(), scales[name]({ ...still, step: 1e6, decay: 0.75 }));
    expect(learned.average[0]).toBe(0.625);
  }
});

test('evaluation is by averaged parameters, training by the parameters themselves', async () => {
  const used: Record<string, Float32Array> = {};
  const watched: Differentiator = {
    ...differentiator(1),
    gradient: (parameters, of) => {
      used.gradient = parameters.slice();
      return differentiator(1).gradient(parameters, of);
    },
    evaluate: (parameters, of, noise) => {
      used.evaluate = parameters.slice();
      return differentiator(1).evaluate(parameters, of, noise);
    },
  };
  const engine = await assembleEngine(glow, { initial: trainable }, watched, { ...settings, ema: 0.999 });
  await engine.step(batch, 0.1, noLimit);
  await engine.step(batch, 0.1, noLimit);
  await engine.evaluate(batch);
  const { ema } = await engine.snapshot();
  const [first] = parameterLayout(glow).places;
  expect([...used.evaluate.subarray(first.from, first.to)]).toEqual([...(ema?.[first.name].data ?? [])]);
  expect(used.evaluate[first.from]).not.toBe(used.gradient[first.from]);
});

test('a state that does not fit changes nothing', async () => {
  const engine = await assembleEngine(glow, { initial: trainable }, differentiator(1), settings);
  await engine.step(batch, 0.1, noLimit);
  const before = await engine.snapshot();
  const [[name, { shape }]] = Object.entries(trainable) as [[string, Float64Tensor]];
  const other = { ...before.optimizer.v, [name]: tensor([3], [1, 2, 3]) };
  const restore = (v: Named<Float64Tensor>) =>
    engine.restore({ ...before, trainable, optimizer: { ...before.optimizer, v } });
  await expect(restore({})).rejects.toThrow(`parameters: "${name}" is missing`);
  await expect(restore(other)).rejects.toThrow(
    `parameters: "${name}" must have the shape [${shape.join(', ')}], got [3]`,
  );
  expect(await engine.snapshot()).toEqual(before);
});

test('without an average none is kept', async () => {
  const engine = await assembleEngine(glow, { initial: trainable }, differentiator(1), settings);
  expect(await engine.snapshot()).not.toHaveProperty('ema');
});

test('a batch computed in parts has the scores and the gradient of the whole, in float32', async () => {
  await openDevice('wasm');
  const params = randomParams(glow, 2);
  const whole = createTfjsDifferentiator(glow, params.fixed, 'wasm');
  const layout = parameterLayout(glow);
  const parameters = flatten(layout, params.trainable);
  const random = createRandom(4);
  const images = { count: 7, x: Float32Array.from({ length: 7 * 64 }, () => 0.3 * random.normal()) };
  const expected = await whole.gradient(parameters, images);
  const gradient = expected.gradient.slice();
  const parts = inParts(whole, 3);
  await parts.gradient(parameters, images); // a second call starts from zero again
  const got = await parts.gradient(parameters, images);
  expect(relativeError(got.bitsPerDim, expected.bitsPerDim)).toBeLessThan(FLOAT32);
  expect(got.bitsPerDimLevels).toHaveLength(expected.bitsPerDimLevels.length);
  for (const [l, level] of got.bitsPerDimLevels.entries()) {
    expect(relativeError(level, expected.bitsPerDimLevels[l] as Float64Array)).toBeLessThan(FLOAT32);
  }
  expect(relativeError(got.gradient, gradient)).toBeLessThan(FLOAT32);
  expect(
    relativeError(await parts.evaluate(parameters, images, 'uniform'), expected.bitsPerDim),
  ).toBeLessThan(FLOAT32);
});
