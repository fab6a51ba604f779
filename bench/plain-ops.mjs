// The operations of layers in TensorFlow.js' stock operations, as a tutorial would write them.
import * as tf from '@tensorflow/tfjs-core';

/** Of weights output × input × rows × columns. */
export function filterOf(weight, size) {
  return tf.transpose(tf.reshape(weight, [...weight.shape.slice(0, 2), size, size]), [2, 3, 1, 0]);
}

/**
 * What layers of preset `tutorial` are written in; images batch × height × width × channels.
 * @param filterOf the filter, in the order that tf.conv2d wants, of a weight and its size.
 */
export const plainOps = (filterOf) => ({
  constant: ({ shape, data }) => tf.tensor(Float32Array.from(data), shape),
  named: (x) => x,
  add: tf.add,
  sub: tf.sub,
  mul: tf.mul,
  scale: (x, factor, offset = 0) => tf.add(tf.mul(x, factor), offset),
  exp: tf.exp,
  tanh: tf.tanh,
  relu: tf.relu,
  matmul: (a, b) => tf.matMul(a, b),
  transpose: (x) => tf.transpose(x),
  reshape: tf.reshape,
  sum: (x) => tf.sum(x),
  squeeze(x) {
    const [n, h, w, c] = x.shape;
    const blocks = tf.transpose(tf.reshape(x, [n, h / 2, 2, w / 2, 2, c]), [0, 1, 3, 5, 2, 4]);
    return tf.reshape(blocks, [n, h / 2, w / 2, 4 * c]);
  },
  unsqueeze(y) {
    const [n, h, w, c] = y.shape;
    const blocks = tf.transpose(tf.reshape(y, [n, h, w, c / 4, 2, 2]), [0, 1, 4, 2, 5, 3]);
    return tf.reshape(blocks, [n, 2 * h, 2 * w, c / 4]);
  },
  split: (x, at) => tf.split(x, [at, x.shape[3] - at], 3),
  concat: (a, b) => tf.concat([a, b], 3),
  perChannel: (v) => tf.reshape(v, [1, 1, 1, -1]),
  scaleShift: (x, scale, shift) => tf.add(tf.mul(x, scale), shift),
  conv1x1: (x, weight, bias = 0) => tf.add(tf.conv2d(x, filterOf(weight, 1), 1, 'same'), bias),
  conv3x3: (x, weight, bias) => tf.add(tf.conv2d(x, filterOf(weight, 3), 1, 'same'), bias),
  sumPerImage: (x) => tf.sum(x, [1, 2, 3]),
});
