import { createGlow, createRandom, initialParams } from '@glow-onnx/flow';
import * as tf from '@tensorflow/tfjs-core';
import { openDevice } from '../../packages/trainer/src/device.js';
import { adamStep, createAdam, norm } from '../../packages/trainer/src/engine/adam.js';
import { createEngine } from '../../packages/trainer/src/engine/create-engine.js';
import type { Differentiator } from '../../packages/trainer/src/engine/engine.js';
import { rateAt } from '../../packages/trainer/src/settings.js';
import { relativeError } from '../numeric.js';
import { tinyConfig } from './training.js';

const glow = createGlow(tinyConfig);
const { trainable } = initialParams(glow, 1);
const batch = { count: 2, x: new Float32Array(128) };

function differentiator(gradient: number, bitsPerDim = 4): Differentiator {
  return {
    description: 'constant',
    initialise: async (parameters) => parameters,
    gradient: async ({ length }) => ({
      bitsPerDim: Float64Array.of(bitsPerDim, bitsPerDim),
      gradient: new Float32Array(length).fill(gradient),
    }),
    evaluate: async () => Float64Array.of(bitsPerDim, bitsPerDim),
    dispose: async () => {},
  };
}

test('ten steps of Adam are those of tf.train.adam', async () => {
  await openDevice('cpu');
  const random = createRandom(1);
  const start = Float32Array.from({ length: 20 }, random.normal);
  const ours = start.slice();
  const adam = createAdam(20);
  const theirs = tf.variable(tf.tensor1d(start.slice()));
  const optimizer = tf.train.adam(0.01);
  for (let step = 0; step < 10; step++) {
    const gradient = Float32Array.from({ length: 20 }, random.normal);
    adamStep(adam, ours, gradient, 0.01, 1);
    optimizer.applyGradients([{ name: theirs.name, tensor: tf.tensor1d(gradient) }]);
  }
  expect(relativeError(ours, await theirs.data())).toBeLessThan(1e-6); // float32 rounds each of the steps
});

test('the norm of a gradient is Euclidean', () => {
  expect(norm(Float32Array.of(3, 0, -4))).toBe(5);
});

test('a gradient beyond the clip is scaled down to it, one within is not', async () => {
  const moments = async (gradient: number): Promise<number> => {
    const engine = createEngine(glow, trainable, differentiator(gradient), { clip: 1 });
    await engine.step(batch, 0.1);
    return Object.values(engine.snapshot().optimizer.m)[0].data[0];
  };
  const size = Object.values(trainable).reduce((sum, { data }) => sum + data.length, 0);
  expect(await moments(1e6)).toBeCloseTo(0.1 / Math.sqrt(size), 6);
  expect(await moments(1e-6)).toBeCloseTo(0.1 * 1e-6, 12);
});

test('a loss or gradient that is not finite moves nothing', async () => {
  for (const bad of [differentiator(1, Number.NaN), differentiator(Number.POSITIVE_INFINITY)]) {
    const engine = createEngine(glow, trainable, bad, { clip: 1 });
    const before = engine.snapshot();
    await engine.step(batch, 0.1);
    expect(engine.snapshot()).toEqual(before);
  }
});

test('a restored engine goes on as if nothing had happened', async () => {
  const straight = createEngine(glow, trainable, differentiator(0.5), { clip: 100 });
  for (let i = 0; i < 2; i++) await straight.step(batch, 0.1);
  const restored = createEngine(glow, trainable, differentiator(0.5), { clip: 100 });
  restored.restore(straight.snapshot());
  await straight.step(batch, 0.1);
  await restored.step(batch, 0.1);
  expect(restored.snapshot()).toEqual(straight.snapshot());
});

test('the rate rises over the warm-up and then stays', () => {
  const rates = [0, 1, 2, 3, 4].map((step) => rateAt(step, { rate: 0.4, warmup: 4 }));
  expect(rates).toEqual([0.1, 0.2, expect.closeTo(0.3, 12), 0.4, 0.4]);
  expect(rateAt(0, { rate: 0.4, warmup: 0 })).toBe(0.4);
});
