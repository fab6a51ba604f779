import {
  createGlow,
  createRandom,
  dequantise,
  encode,
  encodeDequantised,
  type Float64Tensor,
  float64Ops,
  forwardWeights,
  type LayerParams,
  type Named,
  tensor,
} from '@glow-onnx/flow';
import { binToModel, bitsPerDimension } from '@glow-onnx/flow/internal';
import type { Batch } from '../../../packages/trainer/src/engine/batch.js';
import type { Differentiator } from '../../../packages/trainer/src/engine/differentiator.js';
import { flatten, parameterLayout } from '../../../packages/trainer/src/engine/parameters.js';
import { openOnnxRuntimeDifferentiator } from '../../../packages/trainer/src/onnxruntime/onnxruntime-differentiator.js';
import { openDevice } from '../../../packages/trainer/src/tfjs/device.js';
import { createTfjsDifferentiator } from '../../../packages/trainer/src/tfjs/tfjs-differentiator.js';
import { relativeError } from '../../support/numeric.js';
import { randomParams, randomTensor } from '../../support/random-params.js';
import { tinyConfig } from '../../support/tiny-config.js';

/** float32 through a whole small model and back; the float64 difference quotient is exact to 1e-7. */
const GRADIENT = 1e-3;
/** float32 forwards. */
const SCORE = 1e-5;

const models = [
  ['tutorial', tinyConfig()],
  ['grey, official Glow, 8 bits', tinyConfig({ channels: 1, bits: 8, height: 4 }, 'openai')],
  ['logit of pixels', tinyConfig({ logitRange: 0.3 })],
] as const;

beforeAll(async () => {
  await openDevice('wasm');
});

describe.each(models)('%s, with variational dequantisation', (_, config) => {
  const glow = createGlow(config, 'variational');
  const { channels, height, width, bits } = config;
  const params = randomParams(glow, 5);
  const layout = parameterLayout(glow);
  const parameters = flatten(layout, params.trainable);
  const count = 3;
  const batch = batchOf();
  const open: Readonly<Record<string, () => Promise<Differentiator>>> = {
    'ONNX Runtime': () => openOnnxRuntimeDifferentiator(glow, params.fixed, { device: 'cpu', count }),
    'ONNX Runtime, activations recomputed': () =>
      openOnnxRuntimeDifferentiator(glow, params.fixed, { device: 'cpu', count, memory: 'reversible' }),
    'TensorFlow.js': async () => createTfjsDifferentiator(glow, params.fixed, 'wasm'),
  };

  /** Bins at random, their first and their last too, and noise that float32 holds exactly. */
  function batchOf(): Batch {
    const random = createRandom(6);
    const bin = () => random.below(2 ** bits);
    const x = Float32Array.from({ length: count * channels * height * width }, (_, i) =>
      binToModel([0, 2 ** bits - 1][i] ?? bin(), bits, (random.below(2 ** 12) + 0.5) / 2 ** 12),
    );
    return { count, x };
  }

  /** x as float64 images, in the layout of the reference. */
  function image(values: ArrayLike<number>): Float64Tensor {
    return tensor(
      [count, channels, height, width],
      Float64Array.from(values, (__, at) => {
        const [i, k, p] = [
          Math.floor(at / (channels * height * width)),
          Math.floor(at / (height * width)) % channels,
          at % (height * width),
        ];
        return values[(i * height * width + p) * channels + k];
      }),
    );
  }

  /** The noise of the batch taken apart once more, by its definition. */
  const centre = image(batch.x.map((x) => binToModel(Math.floor((x + 0.5) * 2 ** bits), bits)));
  const noise = image(
    Float64Array.from(batch.x, (x) => {
      const u = ((x + 0.5) * 2 ** bits) % 1;
      return Math.log(u / (1 - u));
    }),
  );
  const bitsOf = ({ data }: Float64Tensor) =>
    data.map((nats) => bitsPerDimension(nats, channels * height * width, bits));
  const reference = (moved: LayerParams<Float64Tensor>) => {
    const weights = forwardWeights(glow, float64Ops, moved);
    const dequantised = dequantise(glow, float64Ops, { centre, noise }, weights);
    return {
      variational: bitsOf(encodeDequantised(glow, float64Ops, dequantised, weights).logProb),
      uniform: bitsOf(encode(glow, float64Ops, image(batch.x), weights).logProb),
    };
  };
  const lossAlong = (direction: Named<Float64Tensor>, by: number): number => {
    const moved = Object.entries(params.trainable).map(([name, { shape, data }]) => [
      name,
      tensor(
        shape,
        data.map((v, i) => v + by * direction[name].data[i]),
      ),
    ]);
    const { variational } = reference({ trainable: Object.fromEntries(moved), fixed: params.fixed });
    return variational.reduce((sum, v) => sum + v, 0) / count;
  };

  test.each(Object.keys(open))('%s has the gradient and both bounds of float64', async (name) => {
    const engine = await (open[name] as () => Promise<Differentiator>)();
    const { bitsPerDim, bitsPerDimLevels, gradient } = await engine.gradient(parameters, batch);
    const expected = reference(params);
    expect(relativeError(bitsPerDim, expected.variational)).toBeLessThan(SCORE);
    const sums = bitsPerDim.map((__, i) => bitsPerDimLevels.reduce((sum, level) => sum + level[i], 0));
    expect(relativeError(sums, bitsPerDim)).toBeLessThan(SCORE);
    for (let seed = 0; seed < 3; seed++) {
      const random = createRandom(seed, 77);
      // The second direction is of the dequantiser alone, the third of the model alone.
      const direction = Object.fromEntries(
        layout.places.map(({ name: parameter, shape }) => [
          parameter,
          randomTensor(shape, random, moves(parameter, seed) ? 1 : 0),
        ]),
      );
      const step = 1e-6;
      const quotient = (lossAlong(direction, step) - lossAlong(direction, -step)) / (2 * step);
      const along = flatten(layout, direction);
      const got = gradient.reduce((sum, g, i) => sum + g * along[i], 0);
      const length = Math.sqrt(gradient.reduce((sum, g, i) => sum + (along[i] === 0 ? 0 : g * g), 0));
      expect(Math.abs(got - quotient) / length).toBeLessThan(GRADIENT);
    }
    for (const noiseKind of ['uniform', 'variational'] as const) {
      const scored = await engine.evaluate(parameters, batch, noiseKind);
      expect(relativeError(scored, expected[noiseKind])).toBeLessThan(SCORE);
    }
    expect(relativeError(expected.uniform, expected.variational)).toBeGreaterThan(10 * SCORE);
    await engine.dispose();
  });
});

function moves(parameter: string, seed: number): boolean {
  return seed === 0 || parameter.startsWith('dequantisation.') === (seed === 1);
}
