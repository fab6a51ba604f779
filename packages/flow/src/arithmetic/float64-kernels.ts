import type { Padding } from './ops.js';
import { type Float64Tensor, filled } from './tensor.js';

export type ImageShape = [number, number, number, number];

export function imageShape(operation: string, x: Float64Tensor): ImageShape {
  if (x.shape.length !== 4) {
    throw new RangeError(
      `${operation}: expected an image (batch × channels × height × width), got shape [${x.shape.join(', ')}]`,
    );
  }
  return x.shape as unknown as ImageShape;
}

export function mismatch(operation: string, a: Float64Tensor, b: Float64Tensor): RangeError {
  return new RangeError(
    `${operation}: shapes [${a.shape.join(', ')}] and [${b.shape.join(', ')}] do not match`,
  );
}

export function each(x: Float64Tensor, f: (v: number) => number): Float64Tensor {
  return { shape: x.shape, data: x.data.map(f) };
}

/** Elementwise; extents of 1 stretch, as in NumPy. */
export function stretch(
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
  const stridesA = stretchedStrides(a, shape);
  const stridesB = stretchedStrides(b, shape);
  const index = shape.map(() => 0);
  let [fromA, fromB] = [0, 0];
  const [dataA, dataB] = [a.data, b.data]; // once: a tensor may make its numbers when they are read
  for (let i = 0; i < y.data.length; i++) {
    y.data[i] = f(dataA[fromA], dataB[fromB]);
    // The next element, as an odometer counts: a division for each axis of each element takes several times as long.
    for (let axis = rank - 1; axis >= 0; axis--) {
      fromA += stridesA[axis];
      fromB += stridesB[axis];
      index[axis] += 1;
      if (index[axis] < shape[axis]) break;
      fromA -= stridesA[axis] * shape[axis];
      fromB -= stridesB[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return y;
}

/** The distance in x between neighbours on each axis of the stretched shape; 0 on an axis that stretches. */
function stretchedStrides(x: Float64Tensor, shape: readonly number[]): number[] {
  const rank = shape.length;
  const strides = new Array<number>(rank).fill(0);
  let stride = 1;
  for (let axis = rank - 1; axis >= rank - x.shape.length; axis--) {
    const extent = x.shape[axis - rank + x.shape.length];
    if (extent !== 1) strides[axis] = stride;
    stride *= extent;
  }
  return strides;
}

/** y[b, k, i, j] = x.data[source(b, k, i, j)]. */
export function gather(
  shape: ImageShape,
  x: Float64Tensor,
  source: (b: number, k: number, i: number, j: number) => number,
): Float64Tensor {
  const [n, c, h, w] = shape;
  const y = filled(shape);
  const { data } = x;
  let at = 0;
  for (let b = 0; b < n; b++) {
    for (let k = 0; k < c; k++) {
      for (let i = 0; i < h; i++) for (let j = 0; j < w; j++) y.data[at++] = data[source(b, k, i, j)];
    }
  }
  return y;
}

/**
 * product[k] = Σ weight[k, i]·column[i]. Computes four sums at a time: a single sum waits for its last addition, which
 * would take a third of the export time of a large model.
 */
export function multiplyColumn(weight: Float64Array, column: Float64Array, product: Float64Array): void {
  const inputs = column.length;
  let k = 0;
  for (; k + 4 <= product.length; k += 4) {
    const row = k * inputs;
    let [s0, s1, s2, s3] = [0, 0, 0, 0];
    for (let i = 0; i < inputs; i++) {
      const value = column[i];
      s0 += weight[row + i] * value;
      s1 += weight[row + inputs + i] * value;
      s2 += weight[row + 2 * inputs + i] * value;
      s3 += weight[row + 3 * inputs + i] * value;
    }
    product.set([s0, s1, s2, s3], k);
  }
  for (; k < product.length; k++) {
    product[k] = 0;
    for (let i = 0; i < inputs; i++) product[k] += weight[k * inputs + i] * column[i];
  }
}

/**
 * y[to + i] += factor·x[from + i] for `count` numbers. This is the inner loop of convolutions, so it makes no views.
 */
function addScaled(
  y: Float64Array,
  to: number,
  x: Float64Array,
  from: number,
  count: number,
  factor: number,
): void {
  for (let i = 0; i < count; i++) y[to + i] += factor * x[from + i];
}

/** Adds one pixel on each side: zeros or ones. `border` also adds a channel that is 1 outside and 0 inside. */
export function pad(x: Float64Tensor, padding: Padding): Float64Tensor {
  const [n, c, h, w] = x.shape as unknown as ImageShape;
  const channels = padding === 'border' ? c + 1 : c;
  const y = filled([n, channels, h + 2, w + 2], padding === 'ones' ? 1 : 0);
  const plane = (h + 2) * (w + 2);
  const { data } = x;
  for (let b = 0; b < n; b++) {
    for (let k = 0; k < channels; k++) {
      const out = y.data.subarray((b * channels + k) * plane, (b * channels + k + 1) * plane);
      if (k === c) out.fill(1);
      for (let i = 0; i < h; i++) {
        const row = (i + 1) * (w + 2) + 1;
        if (k === c) out.fill(0, row, row + w);
        else out.set(data.subarray(((b * c + k) * h + i) * w, ((b * c + k) * h + i + 1) * w), row);
      }
    }
  }
  return y;
}

/** Cross-correlation of a padded image; the output is two pixels smaller on each axis. */
export function conv3x3(padded: Float64Tensor, weight: Float64Tensor, bias: Float64Tensor): Float64Tensor {
  const [n, c, hp, wp] = padded.shape as unknown as ImageShape;
  const [o, ci, kh, kw] = weight.shape;
  if (weight.shape.length !== 4 || ci !== c || kh !== 3 || kw !== 3)
    throw mismatch('conv3x3', padded, weight);
  const h = hp - 2;
  const w = wp - 2;
  const y = filled([n, o, h, w]);
  const [pixels, weights, biases] = [padded.data, weight.data, bias.data];
  for (let b = 0; b < n; b++) {
    for (let k = 0; k < o; k++) {
      const to = (b * o + k) * h * w;
      y.data.fill(biases[k], to, to + h * w);
      for (let channel = 0; channel < c; channel++) {
        for (let dy = 0; dy < 3; dy++) {
          for (let dx = 0; dx < 3; dx++) {
            const factor = weights[((k * c + channel) * 3 + dy) * 3 + dx];
            for (let i = 0; i < h; i++) {
              const from = ((b * c + channel) * hp + i + dy) * wp + dx;
              addScaled(y.data, to + i * w, pixels, from, w, factor);
            }
          }
        }
      }
    }
  }
  return y;
}
