import {
  broadcastShapes,
  type Dim,
  formatDim,
  formatShape,
  isStatic,
  type Shape,
  sameDim,
  sameShape,
  scaleDim,
} from './dims.js';
import { type Constant, constant, describe, integers, isConstant, node, type Value } from './value.js';

/**
 * The elements from `start` up to, but not including, `end` along one axis. ONNX: Slice.
 * @throws RangeError if the extent of the axis is not a number or the range is not inside it.
 * @example
 * const red = slice(image, 1, 0, 1); // [batch, 3, height, width] → [batch, 1, height, width]
 */
export function slice(x: Value, axis: number, start: number, end: number): Value {
  const where = `Slice of ${describe(x)}`;
  const extent = x.shape[axis];
  if (typeof extent !== 'number')
    throw new RangeError(`${where}: the extent of axis ${axis} must be a number`);
  if (!(Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start < end && end <= extent)) {
    throw new RangeError(
      `${where}: expected a range inside the extent ${extent} of axis ${axis}, got ${start}…${end}`,
    );
  }
  if (start === 0 && end === extent) return x;
  const shape = x.shape.with(axis, end - start);
  return node('Slice', [x, integers([start]), integers([end]), integers([axis])], shape, {}, x.dtype);
}

/**
 * The parts of x along its first axis at `places`, in the shape of `places`. ONNX: Gather.
 * @throws RangeError if the first extent is not a number, or a place is not inside it.
 * @example
 * const y = gather(x, constant([2, 2], [0, 3, 3, 1], 'int64')); // [4, 64] → [2, 2, 64]
 */
export function gather(x: Value, places: Constant): Value {
  const [extent, ...rest] = x.shape;
  const where = `Gather of ${describe(x)}`;
  if (typeof extent !== 'number') throw new RangeError(`${where}: the extent of axis 0 must be a number`);
  if (places.dtype !== 'int64') throw new RangeError(`${where}: places are ${places.dtype}, expected int64`);
  const outside = places.source.data.find(
    (place) => !(Number.isInteger(place) && place >= 0 && place < extent),
  );
  if (outside !== undefined) {
    throw new RangeError(`${where}: expected places inside the extent ${extent} of axis 0, got ${outside}`);
  }
  return node('Gather', [x, places], [...places.shape, ...rest], { axis: 0 }, x.dtype);
}

/**
 * Tensors one after another along an axis. ONNX: Concat.
 * @throws RangeError if other extents or element types differ, or an extent of the axis is not a number.
 * @example
 * const y = concat([a, b], 1); // [batch, 2, h, w] and [batch, 3, h, w] → [batch, 5, h, w]
 */
export function concat(values: readonly Value[], axis: number): Value {
  const [first] = values;
  const where = `Concat of ${values.map(describe).join(', ')}`;
  if (!first) throw new RangeError('Concat: expected at least one value');
  if (values.length === 1) return first;
  let total = 0;
  for (const { shape, dtype } of values) {
    const extent = shape[axis];
    if (typeof extent !== 'number')
      throw new RangeError(`${where}: the extent of axis ${axis} must be a number`);
    const fits = shape.every((dim, i) => i === axis || sameDim(dim, first.shape[i] ?? 0));
    if (!fits || shape.length !== first.shape.length || dtype !== first.dtype) {
      throw new RangeError(`${where}: expected equal shapes except for axis ${axis}, and one element type`);
    }
    total += extent;
  }
  return node('Concat', values, first.shape.with(axis, total), { axis }, first.dtype);
}

/**
 * The same elements in another shape. 0 keeps the extent at that place; one −1 stands for the remaining elements, which
 * must be a single extent. A constant keeps its name. ONNX: Reshape.
 * @throws RangeError if the numbers of elements differ.
 * @example
 * const image = reshape(bias, [1, -1, 1, 1]); // [12] → [1, 12, 1, 1]
 */
export function reshape(x: Value, extents: readonly number[]): Value {
  const where = `Reshape of ${describe(x)} to ${formatShape(extents)}`;
  const kept = extents.map((extent, i) => (extent === 0 ? (x.shape[i] ?? 0) : extent));
  const left = quotient(
    where,
    x.shape,
    kept.filter((dim) => dim !== -1),
  );
  if (!kept.includes(-1) && left !== 1) {
    throw new RangeError(
      `${where}: the old shape has ${formatDim(left)} times as many elements as the new shape`,
    );
  }
  const shape = kept.map((dim) => (dim === -1 ? left : dim));
  if (isConstant(x) && isStatic(shape)) return { ...x, shape, source: { ...x.source } };
  return node('Reshape', [x, integers(extents)], shape, {}, x.dtype);
}

/** The product of `shape` divided by the product of `by`, if the result is a single extent. */
function quotient(where: string, shape: Shape, by: Shape): Dim {
  const symbols: Dim[] = shape.filter((dim) => typeof dim !== 'number');
  let ratio = 1;
  for (const dim of shape) if (typeof dim === 'number') ratio *= dim;
  for (const dim of by) {
    if (typeof dim === 'number') ratio /= dim;
    else {
      const same = symbols.findIndex((other) => sameDim(dim, other));
      if (same < 0) throw new RangeError(`${where}: the old shape has no extent ${formatDim(dim)}`);
      symbols.splice(same, 1);
    }
  }
  if (symbols.length > 1 || !Number.isInteger(ratio)) {
    throw new RangeError(`${where}: the remaining elements are not a single extent`);
  }
  return symbols[0] === undefined ? ratio : scaleDim(symbols[0], ratio);
}

/** The same elements with extents of 1 added at `axes` of the result. @throws RangeError if an axis does not exist. */
export function unsqueeze(x: Value, axes: readonly number[]): Value {
  const shape: Dim[] = [...x.shape];
  for (const axis of [...axes].sort((a, b) => a - b)) {
    if (!(axis >= 0 && axis <= shape.length)) {
      throw new RangeError(
        `Unsqueeze of ${describe(x)}: a result of rank ${x.shape.length + axes.length} has no axis ${axis}`,
      );
    }
    shape.splice(axis, 0, 1);
  }
  if (isConstant(x) && isStatic(shape)) return constant(shape, x.source.data, x.dtype);
  return node('Unsqueeze', [x, integers(axes)], shape, {}, x.dtype);
}

/**
 * The axes in another order: axis i of the result is axis `axes[i]` of x. ONNX: Transpose.
 * @throws RangeError if `axes` is not a permutation of x's axes.
 * @example
 * const y = permute(x, [1, 2, 0]); // [3, 64, 256] → [64, 256, 3]
 */
export function permute(x: Value, axes: readonly number[]): Value {
  const places = [...axes].sort((a, b) => a - b);
  if (axes.length !== x.shape.length || places.some((axis, i) => axis !== i)) {
    throw new RangeError(
      `Transpose of ${describe(x)}: expected a permutation of its axes, got [${axes.join(', ')}]`,
    );
  }
  const shape = axes.map((axis) => x.shape[axis]);
  return node('Transpose', [x], shape, { perm: axes }, x.dtype);
}

/**
 * Adds zeros before and after each axis; a negative number removes elements. ONNX: Pad.
 * @param pads the numbers before every axis, then the numbers after every axis.
 * @throws RangeError if `pads` does not have two numbers per axis, or an axis would be empty.
 * @example
 * const down = pad(image, [0, 1, 0, 0, -1, 0]); // [3, 64, 64]: all rows move down by one
 */
export function pad(x: Value, pads: readonly number[]): Value {
  const rank = x.shape.length;
  const where = `Pad of ${describe(x)} by [${pads.join(', ')}]`;
  if (pads.length !== 2 * rank) throw new RangeError(`${where}: expected ${2 * rank} numbers, two per axis`);
  const shape = x.shape.map((dim, axis) => {
    const change = pads[axis] + pads[axis + rank];
    if (change === 0) return dim;
    if (typeof dim !== 'number')
      throw new RangeError(`${where}: the extent of axis ${axis} must be a number`);
    if (dim + change < 1) throw new RangeError(`${where}: axis ${axis} would be empty`);
    return dim + change;
  });
  return node('Pad', [x, integers(pads)], shape, {}, x.dtype);
}

/** Stretches extents of 1. @throws RangeError if another extent would change. */
export function expand(x: Value, shape: readonly number[]): Value {
  const fits = sameShape(broadcastShapes(`Expand of ${describe(x)}`, x.shape, shape), shape);
  if (!fits) throw new RangeError(`Expand of ${describe(x)}: does not stretch to ${formatShape(shape)}`);
  return node('Expand', [x, integers(shape)], shape, {}, x.dtype);
}
