import { createRandom, type Float64Tensor, float64Ops, tensor } from '@glow-onnx/flow';
import * as tf from '@tensorflow/tfjs-core';
import { openDevice } from '../../../packages/trainer/src/tfjs/device.js';
import { createTape } from '../../../packages/trainer/src/tfjs/tape.js';
import {
  createTfjsOps,
  imageFromTensor,
  imageTensor,
  tfjsOps,
  weightTensor,
} from '../../../packages/trainer/src/tfjs/tfjs-ops.js';
import { relativeError } from '../../support/numeric.js';
import { randomTensor } from '../../support/random-params.js';
import { type OpCase, opCases } from './op-cases.js';

/** float32 rounding of one operation, sums over some tens of terms included. */
const VALUE_TOLERANCE = 1e-5;
/** The same through an operation's gradient; the float64 differences it is held to are exact to 1e-8. */
const GRADIENT_TOLERANCE = 3e-5;

/** NCHW float64, whatever the interpreter holds. */
async function read(y: tf.Tensor): Promise<Float64Tensor> {
  return y.rank === 4 ? imageFromTensor(y) : tensor(y.shape, await y.data());
}

/** Is the result an image, held batch × height × width × channels, or a weight? */
const givesImage = (test: OpCase): boolean => test.images.length > 0;

function runFloat64(test: OpCase, inputs: readonly Float64Tensor[]): Float64Tensor {
  const count = test.images.length;
  return test.run(float64Ops, inputs.slice(0, count), inputs.slice(count));
}

/** ∂(Σ seed·y)/∂input by central differences in float64. */
function numericalGradient(
  test: OpCase,
  seed: Float64Tensor,
  inputs: readonly Float64Tensor[],
  which: number,
) {
  const step = 1e-6;
  return inputs[which].data.map((_, at) => {
    const objective = (by: number): number => {
      const moved = inputs.map((input, i) =>
        i === which
          ? tensor(
              input.shape,
              input.data.map((v, j) => (j === at ? v + by : v)),
            )
          : input,
      );
      return runFloat64(test, moved).data.reduce((sum, v, i) => sum + v * seed.data[i], 0);
    };
    return (objective(step) - objective(-step)) / (2 * step);
  });
}

describe.each(['cpu', 'wasm'] as const)('TensorFlow.js operations on %s', (device) => {
  beforeAll(async () => {
    await openDevice(device);
  });

  test.each(opCases)('$name gives what float64 gives', async (test) => {
    const expected = runFloat64(test, [...test.images, ...test.weights]);
    const y = test.run(tfjsOps, test.images.map(imageTensor), test.weights.map(weightTensor));
    const got = givesImage(test) ? await read(y) : tensor(y.shape, await y.data());
    expect(got.shape).toEqual(expected.shape);
    expect(relativeError(got.data, expected.data)).toBeLessThan(VALUE_TOLERANCE);
  });

  test.each(opCases)('$name has the gradient of its float64 form', async (test) => {
    const inputs = [...test.images, ...test.weights];
    const expected = runFloat64(test, inputs);
    const seed = randomTensor(expected.shape, createRandom(9));
    const images = test.images.map(imageTensor);
    const weights = test.weights.map(weightTensor);
    const tape = createTape([...images, ...weights]);
    const y = test.run(createTfjsOps(tape.apply), images, weights);
    const dy = givesImage(test) && seed.shape.length === 4 ? imageTensor(seed) : weightTensor(seed);
    const gradients = tape.gradients(y, dy);
    for (const [i, gradient] of gradients.entries()) {
      const got =
        i < images.length ? await imageFromTensor(gradient) : tensor(gradient.shape, await gradient.data());
      expect(got.shape).toEqual(inputs[i].shape);
      const numerical = numericalGradient(test, seed, inputs, i);
      expect(relativeError(got.data, numerical)).toBeLessThan(GRADIENT_TOLERANCE);
    }
  });

  test('channelMoments are the mean and population deviation of each channel', async () => {
    const x = randomTensor([3, 2, 4, 2], createRandom(2));
    const expected = float64Ops.channelMoments(x);
    const { mean, std } = tfjsOps.channelMoments(imageTensor(x));
    expect(relativeError(await mean.data(), expected.mean.data)).toBeLessThan(VALUE_TOLERANCE);
    expect(relativeError(await std.data(), expected.std.data)).toBeLessThan(VALUE_TOLERANCE);
  });

  test('logSigmoid and its gradient stay finite far from zero', async () => {
    const x = tf.tensor1d([-1e4, -100, 0, 100, 1e4]);
    const tape = createTape([x]);
    const y = createTfjsOps(tape.apply).logSigmoid(x);
    expect([...(await y.data())]).toEqual([
      -1e4,
      -100,
      expect.closeTo(-Math.LN2, 6),
      expect.closeTo(0, 6),
      0,
    ]);
    const [slope] = tape.gradients(y, tf.ones([5]));
    expect([...(await slope.data())]).toEqual([1, 1, 0.5, expect.closeTo(0, 6), expect.closeTo(0, 6)]);
  });

  test('squeeze puts 4 pixels of a channel side by side: 1 2 3 4 10 20 30 40', async () => {
    const x = tensor([1, 2, 2, 2], [1, 2, 3, 4, 10, 20, 30, 40]);
    expect([...(await tfjsOps.squeeze(imageTensor(x)).data())]).toEqual([1, 2, 3, 4, 10, 20, 30, 40]);
  });
});

test('a tape leaves nothing behind but the gradients', async () => {
  await openDevice('wasm');
  const x = imageTensor(randomTensor([2, 4, 2, 2], createRandom(3)));
  const before = tf.memory().numTensors;
  const gradients = tf.tidy(() => {
    const tape = createTape([x]);
    const ops = createTfjsOps(tape.apply);
    const [a, b] = ops.split(x, 2);
    return tape.gradients(ops.sumPerImage(ops.concat(ops.mul(a, b), ops.exp(b))), tf.ones([2]));
  });
  expect(tf.memory().numTensors).toBe(before + gradients.length);
});

test('an input that the result does not depend on has gradient zero', async () => {
  await openDevice('cpu');
  const [x, unused] = [tf.tensor1d([2]), tf.tensor1d([3, 4])];
  const tape = createTape([x, unused]);
  const y = createTfjsOps(tape.apply).exp(x);
  const [, zero] = tape.gradients(y, tf.ones([1]));
  expect([...(await zero.data())]).toEqual([0, 0]);
});
