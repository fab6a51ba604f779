import { createGlow, createRandom } from '@glow-onnx/flow';
import type { Batch } from '../../../packages/trainer/src/engine/batch.js';
import type { Differentiator } from '../../../packages/trainer/src/engine/differentiator.js';
import { flatten, parameterLayout } from '../../../packages/trainer/src/engine/parameters.js';
import { openOnnxRuntimeDifferentiator } from '../../../packages/trainer/src/onnxruntime/onnxruntime-differentiator.js';
import { openDevice } from '../../../packages/trainer/src/tfjs/device.js';
import { createTfjsDifferentiator } from '../../../packages/trainer/src/tfjs/tfjs-differentiator.js';
import { relativeError } from '../../support/numeric.js';
import { randomParams } from '../../support/random-params.js';
import { variants } from '../../support/variants.js';

/** Two float32 engines, forwards and backwards through a small model. */
const FLOAT32 = 1e-4;

const flat = (levels: readonly Float64Array[]) => levels.flatMap((level) => [...level]);

beforeAll(async () => {
  await openDevice('wasm');
});

describe.each(variants)('$name', ({ config }) => {
  const glow = createGlow(config);
  const { channels, height, width, classes } = config;
  const params = randomParams(glow, 5);
  const layout = parameterLayout(glow);
  const parameters = flatten(layout, params.trainable);
  const batchOf = (count: number, seed: number): Batch => {
    const random = createRandom(seed);
    const x = Float32Array.from({ length: count * channels * height * width }, () => random.uniform() - 0.5);
    return {
      count,
      x,
      ...(classes > 0 && { classes: Uint16Array.from({ length: count }, (_, i) => i % classes) }),
    };
  };
  let ours: Differentiator;
  let tfjs: Differentiator;
  beforeAll(async () => {
    ours = await openOnnxRuntimeDifferentiator(glow, params.fixed, { device: 'cpu', count: 3 });
    tfjs = createTfjsDifferentiator(glow, params.fixed, 'wasm');
  });
  afterAll(async () => {
    await ours.dispose();
    await tfjs.dispose();
  });

  test('gives the loss and gradient of TensorFlow.js', async () => {
    const batch = batchOf(3, 3);
    const expected = await tfjs.gradient(parameters, batch);
    const got = await ours.gradient(parameters, batch);
    expect(relativeError(got.bitsPerDim, expected.bitsPerDim)).toBeLessThan(FLOAT32);
    expect(got.bitsPerDimLevels).toHaveLength(config.levels);
    expect(relativeError(flat(got.bitsPerDimLevels), flat(expected.bitsPerDimLevels))).toBeLessThan(FLOAT32);
    for (const { name, from, to } of layout.places) {
      const error = relativeError(got.gradient.subarray(from, to), expected.gradient.subarray(from, to));
      expect({ name, error, ok: error < FLOAT32 }).toMatchObject({ ok: true });
    }
    expect(
      relativeError(await ours.evaluate(parameters, batch, 'uniform'), expected.bitsPerDim),
    ).toBeLessThan(FLOAT32);
  });

  test('gives the same gradient without keeping activations', async () => {
    const options = { device: 'cpu', count: 3, memory: 'reversible' } as const;
    const reversible = await openOnnxRuntimeDifferentiator(glow, params.fixed, options);
    const batch = batchOf(3, 3);
    const expected = await ours.gradient(parameters, batch);
    const kept = Float32Array.from(expected.gradient);
    const got = await reversible.gradient(parameters, batch);
    expect(got.bitsPerDim).toEqual(expected.bitsPerDim);
    expect(got.bitsPerDimLevels).toEqual(expected.bitsPerDimLevels);
    expect(relativeError(got.gradient, kept)).toBeLessThan(FLOAT32);
    await reversible.dispose();
  });

  test('initialises from data as TensorFlow.js does', async () => {
    const batch = batchOf(4, 9);
    const expected = await tfjs.initialise(parameters, batch);
    expect(relativeError(await ours.initialise(parameters, batch), expected)).toBeLessThan(FLOAT32);
  });
});
