import * as tf from '@tensorflow/tfjs-core';
import { neighbourhoods, onWasm, sumRows } from './kernels.js';
import type { Operation } from './tape.js';

/**
 * Convolutions of images held batch × height × width × channels. The wasm backend has no kernel for a 3×3
 * convolution's weight gradient, a slow one for its input gradient and a slow transposed product; so there both
 * gradients are forward convolutions and plain products, which reach 40 GFLOP/s on one thread. Other backends
 * have good kernels of their own.
 */

/** x's pixels times weight [out, in]. */
export const conv1x1: Operation<[tf.Tensor, tf.Tensor]> = {
  forward: (x, weight) => perPixel(x, tf.transpose(weight)),
  gradient: (dy, [x, weight]) => [perPixel(dy, weight), conv1x1WeightGradient(x, dy)],
};

/** x's pixels times weight [out, in], plus bias [out]. */
export const conv1x1WithBias: Operation<[tf.Tensor, tf.Tensor, tf.Tensor]> = {
  forward: (x, weight, bias) => perPixel(x, tf.transpose(weight), bias),
  gradient: (dy, [x, weight]) => [perPixel(dy, weight), conv1x1WeightGradient(x, dy), sumRows(dy)],
};

/** Cross-correlation with weight [out, in, 3, 3], padding 1 with zeros, plus bias [out]. */
export const conv3x3: Operation<[tf.Tensor, tf.Tensor, tf.Tensor]> = {
  forward: (x, weight, bias) =>
    tf.fused.conv2d({ ...same(x), filter: tf.transpose(weight, [2, 3, 1, 0]) as tf.Tensor4D, bias }),
  gradient: (dy, [x, weight]) =>
    onWasm()
      ? [inputGradientByConvolution(dy, weight), weightGradientByProduct(x, dy), sumRows(dy)]
      : [inputGradient(x, weight, dy), weightGradient(x, weight, dy), sumRows(dy)],
};

function same(x: tf.Tensor) {
  return { x: x as tf.Tensor4D, strides: 1, pad: 'same' } as const;
}

/** Each pixel of x, a row, times matrix [in, out]. */
function perPixel(x: tf.Tensor, matrix: tf.Tensor, bias?: tf.Tensor): tf.Tensor {
  const a = pixels(x);
  const y = bias ? tf.fused.matMul({ a, b: matrix, bias }) : tf.matMul(a, matrix);
  return tf.reshape(y, [...x.shape.slice(0, 3), matrix.shape[1] as number]);
}

/** dW[o, i] = Σ over pixels of dy[o]·x[i]. */
function conv1x1WeightGradient(x: tf.Tensor, dy: tf.Tensor): tf.Tensor {
  // Transposed as an image: the kernel for a matrix walks memory in the slow order.
  const rows = tf.reshape(tf.transpose(dy, [3, 0, 1, 2]), [dy.shape[3] as number, -1]); // out × pixels
  return tf.matMul(rows, pixels(x));
}

/** dx is the convolution of dy by the kernel with its taps in opposite order, inputs and outputs exchanged. */
function inputGradientByConvolution(dy: tf.Tensor, weight: tf.Tensor): tf.Tensor {
  return tf.conv2d(dy as tf.Tensor4D, tf.transpose(flipped(weight), [2, 3, 0, 1]) as tf.Tensor4D, 1, 'same');
}

/** The taps in opposite order, by a product with an exchange matrix: tf.reverse takes longer than a convolution. */
function flipped(weight: tf.Tensor): tf.Tensor {
  return tf.reshape(tf.matMul(tf.reshape(weight, [-1, 9]), exchange()), weight.shape);
}

function exchange(): tf.Tensor2D {
  const ones = Array.from({ length: 81 }, (_, at) => (Math.floor(at / 9) + (at % 9) === 8 ? 1 : 0));
  return tf.tensor2d(ones, [9, 9]);
}

/**
 * dW[o, i, tap] = Σ over pixels p of dy[p, o]·x[p + tap, i]: a product of the neighbourhoods of the one with
 * fewer channels by the other as it is. Seen from x, dy's neighbours are those of the opposite tap.
 */
function weightGradientByProduct(x: tf.Tensor, dy: tf.Tensor): tf.Tensor {
  const [inputs, outputs] = [x.shape[3] as number, dy.shape[3] as number];
  if (inputs <= outputs) {
    const product = tf.matMul(neighbourhoods(x), pixels(dy)); // 9·in × out
    return tf.reshape(tf.transpose(tf.reshape(product, [9, inputs, outputs]), [2, 1, 0]), [
      outputs,
      inputs,
      3,
      3,
    ]);
  }
  const product = tf.reshape(tf.matMul(neighbourhoods(dy), pixels(x)), [9, outputs, inputs]);
  return flipped(tf.reshape(tf.transpose(product, [1, 2, 0]), [outputs, inputs, 3, 3]));
}

function inputGradient(x: tf.Tensor, weight: tf.Tensor, dy: tf.Tensor): tf.Tensor {
  const filter = tf.transpose(weight, [2, 3, 1, 0]);
  return runKernel('Conv2DBackpropInput', { dy, filter }, { inputShape: x.shape });
}

function weightGradient(x: tf.Tensor, weight: tf.Tensor, dy: tf.Tensor): tf.Tensor {
  const [outputs, inputs] = weight.shape;
  const filterShape = [3, 3, inputs, outputs];
  return tf.transpose(runKernel('Conv2DBackpropFilter', { x, dy }, { filterShape }), [3, 2, 0, 1]);
}

function runKernel(name: string, inputs: tf.NamedTensorMap, attrs: tf.NamedAttrMap): tf.Tensor {
  const shared = { strides: [1, 1], pad: 'same', dataFormat: 'NHWC' };
  return tf.engine().runKernel(name, inputs, { ...shared, ...attrs }) as tf.Tensor;
}

/** One row per pixel. */
function pixels(x: tf.Tensor): tf.Tensor2D {
  return tf.reshape(x, [-1, x.shape[3] as number]);
}
