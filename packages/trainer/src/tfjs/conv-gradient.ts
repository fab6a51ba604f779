import * as tf from '@tensorflow/tfjs-core';
import { backwardFilter, neighbourhoods, onWasm, sumRows } from './kernels.js';
import type { Operation } from './tape.js';

/**
 * Convolutions of images (batch × height × width × channels). The wasm backend has no kernel for the weight gradient
 * of a 3×3 convolution, a slow one for its input gradient, and a slow transposed product. There, both gradients are
 * forward convolutions and plain products, which reach 40 GFLOP/s on one thread. Other backends have good kernels.
 */

/** The pixels of x times weight [out, in]. */
export const conv1x1: Operation<[tf.Tensor, tf.Tensor]> = {
  forward: (x, weight) => perPixel(x, tf.transpose(weight)),
  gradient(dy, [x, weight]) {
    return [perPixel(dy, weight), gradientPerPixel(dy, x)];
  },
};

/** The pixels of x times weight [out, in], plus bias [out]. */
export const conv1x1WithBias: Operation<[tf.Tensor, tf.Tensor, tf.Tensor]> = {
  forward: (x, weight, bias) => perPixel(x, tf.transpose(weight), bias),
  gradient(dy, [x, weight]) {
    return [perPixel(dy, weight), gradientPerPixel(dy, x), sumRows(dy)];
  },
};

/** Cross-correlation with weight [out, in, 3, 3], padding 1 with zeros, plus bias [out]. */
export const conv3x3: Operation<[tf.Tensor, tf.Tensor, tf.Tensor]> = {
  forward(x, weight, bias) {
    const filter = tf.transpose(weight, [2, 3, 1, 0]); // 3 × 3 × in × out
    // The wasm kernel reads the shape that a tensor was created with: a reshaped bias needs a copy.
    const own = tf.add(bias, 0);
    return runKernel('FusedConv2D', { x, filter, bias: own }, { ...sameConv, activation: 'linear' });
  },
  gradient(dy, [x, weight]) {
    return onWasm() ? gradientByProducts(dy, x, weight) : gradientByKernels(dy, x, weight);
  },
};

const sameConv = { strides: [1, 1], pad: 'same', dataFormat: 'NHWC', dilations: [1, 1] };

/**
 * dx is the convolution of dy with the kernel rotated by 180°. dW[o, i, tap] = Σ over pixels p of
 * dy[p, o]·x[p + tap, i] is the product of the image with more channels and the neighbourhoods of the other. From x,
 * the neighbour of dy is at the opposite tap.
 */
function gradientByProducts(dy: tf.Tensor, x: tf.Tensor, weight: tf.Tensor): tf.Tensor[] {
  const dx = runKernel('Conv2D', { x: dy, filter: backwardFilter(weight) }, sameConv);
  const [outputs, inputs] = weight.shape;
  if (inputs <= outputs) {
    const rows = planes(dy);
    const product = tf.reshape(tf.matMul(rows, neighbourhoods(x, false)), [outputs, 9, inputs]);
    return [dx, tf.reshape(tf.transpose(product, [0, 2, 1]), weight.shape), tf.sum(rows, 1)];
  }
  const product = tf.reshape(tf.matMul(planes(x), neighbourhoods(dy, true)), [inputs, 9, outputs]);
  return [dx, tf.reshape(tf.transpose(product, [2, 0, 1]), weight.shape), sumRows(dy)];
}

function gradientByKernels(dy: tf.Tensor, x: tf.Tensor, weight: tf.Tensor): tf.Tensor[] {
  const filter = tf.transpose(weight, [2, 3, 1, 0]);
  const filterShape = filter.shape;
  const dx = runKernel('Conv2DBackpropInput', { dy, filter }, { ...sameConv, inputShape: x.shape });
  const dFilter = runKernel('Conv2DBackpropFilter', { x, dy }, { ...sameConv, filterShape });
  return [dx, tf.transpose(dFilter, [3, 2, 0, 1]), sumRows(dy)];
}

/** Each pixel of x, a row, times matrix [in, out]. */
function perPixel(x: tf.Tensor, matrix: tf.Tensor, bias?: tf.Tensor): tf.Tensor {
  const product = tf.matMul(pixels(x), matrix);
  const y = bias ? tf.add(product, bias) : product;
  return tf.reshape(y, [...x.shape.slice(0, 3), matrix.shape[1] as number]);
}

/** Gradient of a matrix [out, in]: dyᵀ·x over all pixels. On wasm dy is transposed as an image first. */
function gradientPerPixel(dy: tf.Tensor, x: tf.Tensor): tf.Tensor {
  return onWasm() ? tf.matMul(planes(dy), pixels(x)) : tf.matMul(pixels(dy), pixels(x), true);
}

/** One row per pixel. */
function pixels(x: tf.Tensor): tf.Tensor {
  return tf.reshape(x, [-1, x.shape[3] as number]);
}

/** One row per channel. Transposed as an image, because the kernel for matrices reads memory in a slow order. */
function planes(x: tf.Tensor): tf.Tensor {
  return tf.reshape(tf.transpose(x, [3, 0, 1, 2]), [x.shape[3] as number, -1]);
}

// Runs kernels directly: tf.conv2d and tf.fused.conv2d would record them on the tape of TensorFlow.js.
function runKernel(name: string, inputs: tf.NamedTensorMap, attrs: tf.NamedAttrMap): tf.Tensor {
  return tf.engine().runKernel(name, inputs, attrs) as tf.Tensor;
}
