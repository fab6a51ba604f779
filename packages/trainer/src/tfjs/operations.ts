import { tensor } from '@glow-onnx/flow';
import { inverse, logAbsDet } from '@glow-onnx/flow/internal';
import * as tf from '@tensorflow/tfjs-core';
import { joinChannels, placeChannels, positive, sumRows, takeChannels } from './kernels.js';
import type { Operation } from './tape.js';

type Unary = Operation<[tf.Tensor]>;
type Binary = Operation<[tf.Tensor, tf.Tensor]>;

/** dx = dy·slope. */
function elementwise(
  forward: (x: tf.Tensor) => tf.Tensor,
  slope: (x: tf.Tensor, y: tf.Tensor) => tf.Tensor,
): Unary {
  return { forward, gradient: (dy, [x], y) => [tf.mul(dy, slope(x, y))] };
}

export const add: Binary = {
  forward: (a, b) => tf.add(a, b),
  gradient: (dy, [a, b]) => [sumTo(dy, a.shape), sumTo(dy, b.shape)],
};
export const sub: Binary = {
  forward: (a, b) => tf.sub(a, b),
  gradient: (dy, [a, b]) => [sumTo(dy, a.shape), tf.neg(sumTo(dy, b.shape))],
};
export const mul: Binary = {
  forward: (a, b) => tf.mul(a, b),
  gradient: (dy, [a, b]) => [sumTo(tf.mul(dy, b), a.shape), sumTo(tf.mul(dy, a), b.shape)],
};
/** factor·x + offset. */
export function scale(factor: number, offset: number): Unary {
  return {
    forward(x) {
      const product = factor === 1 ? tf.clone(x) : tf.mul(x, factor);
      return offset === 0 ? product : tf.add(product, offset);
    },
    gradient: (dy) => [factor === 1 ? tf.clone(dy) : tf.mul(dy, factor)],
  };
}
export const exp = elementwise(tf.exp, (_, y) => y);
export const log = elementwise(tf.log, (x) => tf.reciprocal(x));
export const tanh = elementwise(tf.tanh, (_, y) => tf.sub(1, tf.mul(y, y)));
export const sigmoid = elementwise(tf.sigmoid, (_, y) => tf.mul(y, tf.sub(1, y)));
export const relu = elementwise(tf.relu, (_, y) => positive(y));
/** log σ(x) = min(x, 0) − log(1 + exp(−|x|)): no exponential overflows, forward or in the slope σ(−x). */
export const logSigmoid = elementwise(
  (x) => tf.sub(tf.minimum(x, 0), tf.log1p(tf.exp(tf.neg(tf.abs(x))))),
  (x) => tf.sigmoid(tf.neg(x)),
);

export const matmul: Binary = {
  forward: (a, b) => tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D),
  // Transposed explicitly: the wasm backend's transposed product is ten times slower.
  gradient: (dy, [a, b]) => [tf.matMul(dy, tf.transpose(b)), tf.matMul(tf.transpose(a), dy)],
};
export const transpose: Unary = {
  forward: (x) => tf.transpose(x),
  gradient: (dy) => [tf.transpose(dy)],
};
export function reshape(shape: readonly number[]): Unary {
  return { forward: (x) => tf.reshape(x, [...shape]), gradient: (dy, [x]) => [tf.reshape(dy, x.shape)] };
}
export const sum: Unary = {
  forward: (x) => tf.sum(x),
  gradient: (dy, [x]) => [tf.mul(tf.ones(x.shape), dy)],
};
/** log|det w| in float64 on the host, which reads w synchronously. Its gradient is w⁻ᵀ. */
export const logAbsDetOnHost: Unary = {
  forward: (w) => tf.scalar(logAbsDet(onHost(w))),
  gradient: (dy, [w]) => [
    tf.mul(tf.transpose(tf.tensor(Float32Array.from(inverse(onHost(w)).data), w.shape)), dy),
  ],
};

function onHost(w: tf.Tensor) {
  if (tf.getBackend() === 'webgpu') {
    throw new Error(
      'training: device "webgpu" cannot train a full 1×1 convolution, because log|det W| must be read synchronously; ' +
        'use conv1x1 "lu" or another device',
    );
  }
  return tensor(w.shape, w.dataSync());
}

// Images: batch × height × width × channels.

export const squeeze: Unary = { forward: squeezed, gradient: (dy) => [unsqueezed(dy)] };
export const unsqueeze: Unary = { forward: unsqueezed, gradient: (dy) => [squeezed(dy)] };

/** batch × h × w × c → batch × h/2 × w/2 × 4c, new channel c·4 + dy·2 + dx. */
function squeezed(x: tf.Tensor): tf.Tensor {
  const [n, h, w, c] = x.shape;
  const blocks = tf.transpose(tf.reshape(x, [n, h / 2, 2, w / 2, 2, c]), [0, 1, 3, 5, 2, 4]);
  return tf.reshape(blocks, [n, h / 2, w / 2, c * 4]);
}

function unsqueezed(y: tf.Tensor): tf.Tensor {
  const [n, h, w, c] = y.shape;
  const blocks = tf.transpose(tf.reshape(y, [n, h, w, c / 4, 2, 2]), [0, 1, 4, 2, 5, 3]);
  return tf.reshape(blocks, [n, h * 2, w * 2, c / 4]);
}

/** Channels [from, to). */
export function take(from: number, to: number): Unary {
  return {
    forward: (x) => takeChannels(x, from, to),
    gradient: (dy, [x]) => [placeChannels(dy, from, channelsOf(x))],
  };
}
export const concat: Binary = {
  forward: joinChannels,
  gradient: (dy, [a]) => [
    takeChannels(dy, 0, channelsOf(a)),
    takeChannels(dy, channelsOf(a), channelsOf(dy)),
  ],
};
/** scale[c]·x + shift[c]. */
export const scaleShift: Operation<[tf.Tensor, tf.Tensor, tf.Tensor]> = {
  forward: (x, factor, shift) => tf.add(tf.mul(x, factor), shift),
  gradient: (dy, [x, factor, shift]) => [
    tf.mul(dy, factor),
    sumTo(tf.mul(dy, x), factor.shape),
    sumTo(dy, shift.shape),
  ],
};
export const sumPerImage: Unary = {
  forward: (x) => tf.sum(x, [1, 2, 3]),
  gradient: (dy, [x]) => [tf.mul(tf.ones(x.shape), tf.reshape(dy, [-1, 1, 1, 1]))],
};

function channelsOf(image: tf.Tensor): number {
  return image.shape[3] as number;
}

/** Sums dy over the axes along which `shape` was stretched to the shape of dy. */
function sumTo(dy: tf.Tensor, shape: number[]): tf.Tensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  if (size === dy.size) return tf.reshape(dy, shape);
  if (size === 1) return tf.reshape(tf.sum(dy), shape);
  if (size === shape.at(-1) && size === dy.shape.at(-1)) return tf.reshape(sumRows(dy), shape);
  const aligned = [...new Array<number>(dy.rank - shape.length).fill(1), ...shape];
  const axes = aligned.flatMap((extent, axis) => (extent === 1 && dy.shape[axis] !== 1 ? [axis] : []));
  return tf.reshape(tf.sum(dy, axes), shape);
}
