import { type Float64Tensor, type Ops, tensor } from '@glow-onnx/flow';
import * as tf from '@tensorflow/tfjs-core';
import { conv1x1, conv1x1WithBias, conv3x3 } from './conv-gradient.js';
import * as operations from './operations.js';
import { type Apply, applyOnly } from './tape.js';

/**
 * TensorFlow.js as an interpreter of layers, in float32. It is differentiable if `apply` is the one of a tape. Images
 * are batch × height × width × channels, the layout in which all its backends are fast. Weights have the layout of
 * checkpoints.
 */
export function createTfjsOps(apply: Apply): Ops<tf.Tensor> {
  const ops: Ops<tf.Tensor> = {
    constant: weightTensor,
    named: (x) => x,

    add: (a, b) => apply(operations.add, a, b),
    sub: (a, b) => apply(operations.sub, a, b),
    mul: (a, b) => apply(operations.mul, a, b),
    scale: (x, factor, offset = 0) => apply(operations.scale(factor, offset), x),
    exp: (x) => apply(operations.exp, x),
    log: (x) => apply(operations.log, x),
    tanh: (x) => apply(operations.tanh, x),
    sigmoid: (x) => apply(operations.sigmoid, x),
    logSigmoid: (x) => apply(operations.logSigmoid, x),
    relu: (x) => apply(operations.relu, x),

    matmul: (a, b) => apply(operations.matmul, a, b),
    transpose: (x) => apply(operations.transpose, x),
    reshape: (x, shape) => apply(operations.reshape(shape), x),
    sum: (x) => apply(operations.sum, x),
    logAbsDet: (w) => apply(operations.logAbsDetOnHost, w),

    squeeze: (x) => apply(operations.squeeze, x),
    unsqueeze: (y) => apply(operations.unsqueeze, y),
    split: (x, at) => [apply(operations.take(0, at), x), apply(operations.take(at, x.shape[3] as number), x)],
    concat: (a, b) => apply(operations.concat, a, b),
    perChannel: (v) => ops.reshape(v, [1, 1, 1, v.size]),
    scaleShift: (x, scale, shift) => apply(operations.scaleShift, x, scale, shift),
    conv1x1: (x, weight, bias) =>
      bias ? apply(conv1x1WithBias, x, weight, bias) : apply(conv1x1, x, weight),
    conv3x3(x, weight, bias, padding) {
      // The convolution pads with zeros. Padding with ones is the convolution of x − 1 plus the sum of the kernel as
      // bias. A border channel, 1 outside and 0 inside, likewise becomes a channel of −1 inside and 0 outside.
      switch (padding) {
        case 'zeros':
          return apply(conv3x3, x, weight, bias);
        case 'ones':
          return apply(conv3x3, ops.scale(x, 1, -1), weight, ops.add(bias, kernelSums(ops, weight, 0)));
        case 'border': {
          const outside = tf.fill([...x.shape.slice(0, 3), 1], -1);
          const sums = kernelSums(ops, weight, x.shape[3] as number);
          return apply(conv3x3, ops.concat(x, outside), weight, ops.add(bias, sums));
        }
        default:
          return padding satisfies never;
      }
    },
    conv3x3OfZeros(like, weight, bias, padding) {
      const inputs = (weight.shape[1] as number) - (padding === 'border' ? 1 : 0);
      return ops.conv3x3(tf.zeros([...like.shape.slice(0, 3), inputs]), weight, bias, padding);
    },
    squeezeConv: (x, matrix, bias) => ops.conv1x1(ops.squeeze(x), matrix, bias),
    unsqueezeConv: (y, matrix, shift) =>
      ops.unsqueeze(ops.conv1x1(ops.sub(y, ops.perChannel(shift)), matrix)),
    sumPerImage: (x) => apply(operations.sumPerImage, x),
    channelMoments: (x) =>
      tf.tidy(() => {
        const { mean, variance } = tf.moments(x, [0, 1, 2]);
        return { mean, std: tf.sqrt(variance) };
      }),
  };
  return ops;
}

/** TensorFlow.js without gradients. */
export const tfjsOps = createTfjsOps(applyOnly);

/** Sum of weight [out, in, 3, 3] over its taps and its inputs from number `from`: [out]. */
function kernelSums(ops: Ops<tf.Tensor>, weight: tf.Tensor, from: number): tf.Tensor {
  const [outputs, inputs] = weight.shape as [number, number];
  const chosen = Array.from({ length: inputs * 9 }, (_, at) => (at < from * 9 ? 0 : 1));
  const sums = ops.matmul(ops.reshape(weight, [outputs, inputs * 9]), tf.tensor2d(chosen, [inputs * 9, 1]));
  return ops.reshape(sums, [outputs]);
}

/** A weight as a float32 tensor of the same shape. */
export function weightTensor(value: Float64Tensor): tf.Tensor {
  return tf.tensor(Float32Array.from(value.data), [...value.shape]);
}

/** An image batch × channels × height × width in the layout of `tfjsOps`. */
export function imageTensor(image: Float64Tensor): tf.Tensor {
  return tf.tidy(() => tf.transpose(weightTensor(image), [0, 2, 3, 1]));
}

/** The inverse of `imageTensor`. */
export async function imageFromTensor(x: tf.Tensor): Promise<Float64Tensor> {
  const image = tf.tidy(() => tf.transpose(x, [0, 3, 1, 2]));
  try {
    return tensor(image.shape, await image.data());
  } finally {
    image.dispose();
  }
}
