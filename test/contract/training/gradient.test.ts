import {
  createGlow,
  createRandom,
  encode,
  type Float64Tensor,
  float64Ops,
  forwardWeights,
  type Named,
  tensor,
} from '@glow-onnx/flow';
import { bitsPerDimension } from '@glow-onnx/flow/internal';
import { flatten, parameterLayout } from '../../../packages/trainer/src/engine/parameters.js';
import { openDevice } from '../../../packages/trainer/src/tfjs/device.js';
import { createTfjsDifferentiator } from '../../../packages/trainer/src/tfjs/tfjs-differentiator.js';
import { labelsFor, randomParams, randomTensor } from '../../support/random-params.js';
import { variants } from '../../support/variants.js';

/** float32 through a whole small model and back; the float64 difference quotient is exact to 1e-7. */
const TOLERANCE = 1e-3;

beforeAll(async () => {
  await openDevice('wasm');
});

test.each(variants)('$name: the gradient tells how bits/dim change in any direction', async ({ config }) => {
  const glow = createGlow(config);
  const params = randomParams(glow, 5);
  const { channels, height, width, bits, classes } = config;
  const count = 3;
  const x = randomTensor([count, channels, height, width], createRandom(6), 0.3);
  const label = labelsFor(classes, count);

  const dimensions = channels * height * width;
  const encodeAlong = (direction: Named<Float64Tensor>, by: number) => {
    const moved = Object.entries(params.trainable).map(([name, { shape, data }]) => [
      name,
      tensor(
        shape,
        data.map((v, i) => v + by * direction[name].data[i]),
      ),
    ]);
    const weights = forwardWeights(glow, float64Ops, {
      trainable: Object.fromEntries(moved),
      fixed: params.fixed,
    });
    return encode(glow, float64Ops, x, weights, label);
  };
  const lossAlong = (direction: Named<Float64Tensor>, by: number): number => {
    const { logProb } = encodeAlong(direction, by);
    return logProb.data.reduce((sum, nats) => sum + bitsPerDimension(nats, dimensions, bits), 0) / count;
  };

  const layout = parameterLayout(glow);
  const parameters = flatten(layout, params.trainable);
  const classOf = label && { classes: Uint16Array.from({ length: count }, (_, i) => i % classes) };
  const { bitsPerDim, bitsPerDimLevels, gradient } = await createTfjsDifferentiator(
    glow,
    params.fixed,
    'wasm',
  ).gradient(parameters, {
    count,
    x: pixelsOf(x),
    ...classOf,
  });
  expect(bitsPerDim.reduce((sum, v) => sum + v, 0) / count).toBeCloseTo(lossAlong(params.trainable, 0), 4);
  const { latents, logProbLevels } = encodeAlong(params.trainable, 0);
  for (const [l, { data }] of logProbLevels.entries()) {
    const share = (latents[l] as Float64Tensor).data.length / count / dimensions;
    data.forEach((nats, i) => {
      expect(bitsPerDimLevels[l]?.[i]).toBeCloseTo(bits * share - nats / (dimensions * Math.LN2), 4);
    });
  }

  for (let seed = 0; seed < 3; seed++) {
    const random = createRandom(seed, 77);
    const direction = Object.fromEntries(
      layout.places.map(({ name, shape }) => [name, randomTensor(shape, random)]),
    );
    const step = 1e-6;
    const expected = (lossAlong(direction, step) - lossAlong(direction, -step)) / (2 * step);
    const along = flatten(layout, direction);
    const got = gradient.reduce((sum, g, i) => sum + g * along[i], 0);
    const length = Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0)); // a typical derivative along a direction
    expect(Math.abs(got - expected) / length).toBeLessThan(TOLERANCE);
  }
});

/** NCHW float64 → batch × height × width × channels float32. */
function pixelsOf({ shape, data }: Float64Tensor): Float32Array {
  const [, c, h, w] = shape;
  const x = new Float32Array(data.length);
  for (let at = 0; at < x.length; at++) {
    const [k, j, i, b] = [
      at % c,
      Math.floor(at / c) % w,
      Math.floor(at / (c * w)) % h,
      Math.floor(at / (c * w * h)),
    ];
    x[at] = data[((b * c + k) * h + i) * w + j];
  }
  return x;
}
