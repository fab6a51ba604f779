import { logAbsDet, matmul, transpose } from './linalg.js';
import type { Ops, Padding } from './ops.js';
import { type Float64Tensor, filled, sizeOf, tensor } from './tensor.js';

/** The reference interpreter: every operation by its definition, in float64, images NCHW. Slow and plain. */
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
      throw new RangeError(`split: expected a place between 1 and ${c - 1}, got ${at}`);
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
    for (let b = 0; b < n; b++) {
      for (let k = 0; k < o; k++) {
        const out = y.data.subarray((b * o + k) * h * w, (b * o + k + 1) * h * w);
        if (bias) out.fill(bias.data[k]);
        for (let i = 0; i < c; i++) {
          addScaled(
            out,
            x.data.subarray((b * c + i) * h * w, (b * c + i + 1) * h * w),
            weight.data[k * c + i],
          );
        }
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

type ImageShape = [number, number, number, number];

function imageShape(operation: string, x: Float64Tensor): ImageShape {
  if (x.shape.length !== 4) {
    throw new RangeError(
      `${operation}: expected an image (batch × channels × height × width), got shape [${x.shape.join(', ')}]`,
    );
  }
  return x.shape as unknown as ImageShape;
}

function mismatch(operation: string, a: Float64Tensor, b: Float64Tensor): RangeError {
  return new RangeError(
    `${operation}: shapes [${a.shape.join(', ')}] and [${b.shape.join(', ')}] do not fit`,
  );
}

function each(x: Float64Tensor, f: (v: number) => number): Float64Tensor {
  return { shape: x.shape, data: x.data.map(f) };
}

/** Elementwise; extents of 1 stretch, as in NumPy. */
function stretch(
  operation: string,
  a: Float64Tensor,
  b: Float64Tensor,
  f: (p: number, q: number) => number,
): Float64Tensor {
  const rank = Math.max(a.shape.length, b.shape.length);
  const extent = (x: Float64Tensor, axis: number): number => x.shape[axis - rank + x.shape.length] ?? 1;
  const shape: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const p = extent(a, axis);
    const q = extent(b, axis);
    if (p !== q && p !== 1 && q !== 1) throw mismatch(operation, a, b);
    shape.push(p === 1 ? q : p);
  }
  const y = filled(shape);
  const offsetsA = stretchedOffsets(a, shape);
  const offsetsB = stretchedOffsets(b, shape);
  for (let i = 0; i < y.data.length; i++) y.data[i] = f(a.data[offsetsA(i)], b.data[offsetsB(i)]);
  return y;
}

/** Where an element of the stretched shape lies in x. */
function stretchedOffsets(x: Float64Tensor, shape: readonly number[]): (index: number) => number {
  if (x.data.length === sizeOf(shape)) return (index) => index;
  const rank = shape.length;
  const strides = new Array<number>(rank).fill(0);
  let stride = 1;
  for (let axis = rank - 1; axis >= rank - x.shape.length; axis--) {
    const extent = x.shape[axis - rank + x.shape.length];
    if (extent !== 1) strides[axis] = stride;
    stride *= extent;
  }
  return (index) => {
    let offset = 0;
    for (let axis = rank - 1; axis >= 0; axis--) {
      offset += (index % shape[axis]) * strides[axis];
      index = Math.floor(index / shape[axis]);
    }
    return offset;
  };
}

/** y[b, k, i, j] = x.data[source(b, k, i, j)]. */
function gather(
  shape: ImageShape,
  x: Float64Tensor,
  source: (b: number, k: number, i: number, j: number) => number,
): Float64Tensor {
  const [n, c, h, w] = shape;
  const y = filled(shape);
  let at = 0;
  for (let b = 0; b < n; b++) {
    for (let k = 0; k < c; k++) {
      for (let i = 0; i < h; i++) for (let j = 0; j < w; j++) y.data[at++] = x.data[source(b, k, i, j)];
    }
  }
  return y;
}

function addScaled(y: Float64Array, x: Float64Array, factor: number): void {
  for (let i = 0; i < y.length; i++) y[i] += factor * x[i];
}

/** One pixel more on each side: zeros or ones; `border` adds the channel that is 1 outside, 0 inside. */
function pad(x: Float64Tensor, padding: Padding): Float64Tensor {
  const [n, c, h, w] = x.shape as unknown as ImageShape;
  const channels = padding === 'border' ? c + 1 : c;
  const y = filled([n, channels, h + 2, w + 2], padding === 'ones' ? 1 : 0);
  const plane = (h + 2) * (w + 2);
  for (let b = 0; b < n; b++) {
    for (let k = 0; k < channels; k++) {
      const out = y.data.subarray((b * channels + k) * plane, (b * channels + k + 1) * plane);
      if (k === c) out.fill(1);
      for (let i = 0; i < h; i++) {
        const row = (i + 1) * (w + 2) + 1;
        if (k === c) out.fill(0, row, row + w);
        else out.set(x.data.subarray(((b * c + k) * h + i) * w, ((b * c + k) * h + i + 1) * w), row);
      }
    }
  }
  return y;
}

/** Cross-correlation of a padded image; the output is two pixels smaller on each axis. */
function conv3x3(padded: Float64Tensor, weight: Float64Tensor, bias: Float64Tensor): Float64Tensor {
  const [n, c, hp, wp] = padded.shape as unknown as ImageShape;
  const [o, ci, kh, kw] = weight.shape;
  if (weight.shape.length !== 4 || ci !== c || kh !== 3 || kw !== 3)
    throw mismatch('conv3x3', padded, weight);
  const h = hp - 2;
  const w = wp - 2;
  const y = filled([n, o, h, w]);
  for (let b = 0; b < n; b++) {
    for (let k = 0; k < o; k++) {
      const out = y.data.subarray((b * o + k) * h * w, (b * o + k + 1) * h * w);
      out.fill(bias.data[k]);
      for (let channel = 0; channel < c; channel++) {
        for (let tap = 0; tap < 9; tap++) {
          const factor = weight.data[(k * c + channel) * 9 + tap];
          const dy = Math.floor(tap / 3);
          for (let i = 0; i < h; i++) {
            const from = ((b * c + channel) * hp + i + dy) * wp + (tap % 3);
            for (let j = 0; j < w; j++) out[i * w + j] += factor * padded.data[from + j];
          }
        }
      }
    }
  }
  return y;
}
