import {
  conv3x3,
  each,
  gather,
  imageShape,
  mismatch,
  multiplyColumn,
  pad,
  stretch,
} from './float64-kernels.js';
import { logAbsDet, matmul, transpose } from './linalg.js';
import type { Ops } from './ops.js';
import { type Float64Tensor, filled, sizeOf, tensor } from './tensor.js';

/**
 * The reference interpreter: every operation by its definition, in float64, on images NCHW. Simple and slow.
 * @example
 * const y = float64Ops.conv1x1(x, tensor([2, 2], [0, 1, 1, 0])); // exchanges two channels
 */
export const float64Ops: Ops<Float64Tensor> = {
  constant: (value) => value,
  named: (x) => x,

  add: (a, b) => stretch('add', a, b, (p, q) => p + q),
  sub: (a, b) => stretch('sub', a, b, (p, q) => p - q),
  mul: (a, b) => stretch('mul', a, b, (p, q) => p * q),
  scale: (x, factor, offset = 0) => each(x, (v) => factor * v + offset),
  exp: (x) => each(x, Math.exp),
  log: (x) => each(x, Math.log),
  tanh: (x) => each(x, Math.tanh),
  sigmoid: (x) => each(x, (v) => 1 / (1 + Math.exp(-v))),
  logSigmoid: (x) => each(x, (v) => Math.min(v, 0) - Math.log1p(Math.exp(-Math.abs(v)))),
  relu: (x) => each(x, (v) => Math.max(v, 0)),

  matmul,
  transpose,
  reshape: (x, shape) => tensor(shape, x.data),
  sum: (x) => tensor([], [x.data.reduce((total, v) => total + v, 0)]),
  logAbsDet: (w) => tensor([], [logAbsDet(w)]),

  squeeze(x) {
    const [n, c, h, w] = imageShape('squeeze', x);
    if (h % 2 !== 0 || w % 2 !== 0) {
      throw new RangeError(`squeeze: height and width must be even, got ${h}×${w}`);
    }
    return gather([n, c * 4, h / 2, w / 2], x, (b, k, i, j) => {
      const dy = (k >> 1) & 1;
      const dx = k & 1;
      return ((b * c + (k >> 2)) * h + 2 * i + dy) * w + 2 * j + dx;
    });
  },
  unsqueeze(y) {
    const [n, c, h, w] = imageShape('unsqueeze', y);
    if (c % 4 !== 0) throw new RangeError(`unsqueeze: channels must be a multiple of 4, got ${c}`);
    return gather([n, c / 4, h * 2, w * 2], y, (b, k, i, j) => {
      const from = k * 4 + (i & 1) * 2 + (j & 1);
      return ((b * c + from) * h + (i >> 1)) * w + (j >> 1);
    });
  },
  split(x, at) {
    const [n, c, h, w] = imageShape('split', x);
    if (!Number.isInteger(at) || at <= 0 || at >= c) {
      throw new RangeError(`split: expected a channel from 1 to ${c - 1}, got ${at}`);
    }
    const part = (from: number, to: number): Float64Tensor =>
      gather([n, to - from, h, w], x, (b, k, i, j) => ((b * c + from + k) * h + i) * w + j);
    return [part(0, at), part(at, c)];
  },
  concat(a, b) {
    const [n, ca, h, w] = imageShape('concat', a);
    const [nb, cb, hb, wb] = imageShape('concat', b);
    if (n !== nb || h !== hb || w !== wb) throw mismatch('concat', a, b);
    const y = filled([n, ca + cb, h, w]);
    for (let i = 0; i < n; i++) {
      y.data.set(a.data.subarray(i * ca * h * w, (i + 1) * ca * h * w), i * (ca + cb) * h * w);
      y.data.set(b.data.subarray(i * cb * h * w, (i + 1) * cb * h * w), (i * (ca + cb) + ca) * h * w);
    }
    return y;
  },
  perChannel: (v) => tensor([1, sizeOf(v.shape), 1, 1], v.data),
  scaleShift: (x, scale, shift) =>
    float64Ops.add(float64Ops.mul(x, float64Ops.perChannel(scale)), float64Ops.perChannel(shift)),
  conv1x1(x, weight, bias) {
    const [n, c, h, w] = imageShape('conv1x1', x);
    const [o, ci] = weight.shape as [number, number];
    if (weight.shape.length !== 2 || ci !== c) throw mismatch('conv1x1', x, weight);
    const y = filled([n, o, h, w]);
    const pixels = h * w;
    const column = new Float64Array(c);
    const product = new Float64Array(o);
    const [values, weights, biases] = [x.data, weight.data, bias?.data];
    for (let b = 0; b < n; b++) {
      for (let p = 0; p < pixels; p++) {
        for (let i = 0; i < c; i++) column[i] = values[(b * c + i) * pixels + p];
        multiplyColumn(weights, column, product);
        for (let k = 0; k < o; k++) y.data[(b * o + k) * pixels + p] = product[k] + (biases?.[k] ?? 0);
      }
    }
    return y;
  },
  conv3x3: (x, weight, bias, padding) => conv3x3(pad(x, padding), weight, bias),
  conv3x3OfZeros(like, weight, bias, padding) {
    const [n, , h, w] = imageShape('conv3x3OfZeros', like);
    const inputs = weight.shape[1] - (padding === 'border' ? 1 : 0);
    return conv3x3(pad(filled([n, inputs, h, w]), padding), weight, bias);
  },
  squeezeConv: (x, matrix, bias) => float64Ops.conv1x1(float64Ops.squeeze(x), matrix, bias),
  unsqueezeConv: (y, matrix, shift) =>
    float64Ops.unsqueeze(float64Ops.conv1x1(float64Ops.sub(y, float64Ops.perChannel(shift)), matrix)),
  sumPerImage(x) {
    const n = imageShape('sumPerImage', x)[0];
    const size = x.data.length / n;
    const sums = Float64Array.from({ length: n }, (_, i) =>
      x.data.subarray(i * size, (i + 1) * size).reduce((total, v) => total + v, 0),
    );
    return tensor([n], sums);
  },
  channelMoments(x) {
    const [n, c, h, w] = imageShape('channelMoments', x);
    const mean = filled([c]);
    const std = filled([c]);
    const plane = (b: number, k: number): Float64Array =>
      x.data.subarray((b * c + k) * h * w, (b * c + k + 1) * h * w);
    for (let k = 0; k < c; k++) {
      for (let b = 0; b < n; b++) mean.data[k] += plane(b, k).reduce((total, v) => total + v, 0);
      mean.data[k] /= n * h * w;
      for (let b = 0; b < n; b++) {
        std.data[k] += plane(b, k).reduce((total, v) => total + (v - mean.data[k]) ** 2, 0);
      }
      std.data[k] = Math.sqrt(std.data[k] / (n * h * w));
    }
    return { mean, std };
  },
};
