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
import { constant, describe, integers, isConstant, node, type Value } from './value.js';

/**
 * Elements `start` to `end` (not included) along one axis.
 * @throws RangeError if the axis has no known extent or the range is not inside it.
 */
export function slice(x: Value, axis: number, start: number, end: number): Value {
  const where = `Slice of ${describe(x)}`;
  const extent = x.shape[axis];
  if (typeof extent !== 'number') throw new RangeError(`${where}: axis ${axis} has no known extent`);
  if (!(Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start < end && end <= extent)) {
    throw new RangeError(`${where}: ${start}…${end} is not a range within the ${extent} of axis ${axis}`);
  }
  if (start === 0 && end === extent) return x;
  const shape = x.shape.with(axis, end - start);
  return node('Slice', [x, integers([start]), integers([end]), integers([axis])], shape, {}, x.dtype);
}

/**
 * Tensors one after another along an axis.
 * @throws RangeError if other extents differ, or the axis has no known extent.
 */
export function concat(values: readonly Value[], axis: number): Value {
  const [first] = values;
  const where = `Concat of ${values.map(describe).join(', ')}`;
  if (!first) throw new RangeError('Concat: expected at least one value');
  if (values.length === 1) return first;
  let total = 0;
  for (const { shape, dtype } of values) {
    const extent = shape[axis];
    if (typeof extent !== 'number') throw new RangeError(`${where}: axis ${axis} has no known extent`);
    const fits = shape.every((dim, i) => i === axis || sameDim(dim, first.shape[i] ?? 0));
    if (!fits || shape.length !== first.shape.length || dtype !== first.dtype) {
      throw new RangeError(`${where}: expected equal shapes but for axis ${axis}, and one element type`);
    }
    total += extent;
  }
  return node('Concat', values, first.shape.with(axis, total), { axis }, first.dtype);
}

/**
 * The same elements in another shape: 0 keeps the extent at that place, one −1 takes what is left.
 * A constant keeps its name. [batch, 12, height/2, width/2] to [0, 3, 4, −1] is not possible, as height·width/4 is no single extent.
 * @throws RangeError if the elements do not fit.
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
    throw new RangeError(`${where}: ${formatDim(left)} times as many elements as the new shape holds`);
  }
  const shape = kept.map((dim) => (dim === -1 ? left : dim));
  if (isConstant(x) && isStatic(shape)) return { ...x, shape, source: { ...x.source } };
  return node('Reshape', [x, integers(extents)], shape, {}, x.dtype);
}

/** The product of `shape` over the product of `by`, where that is a single extent. */
function quotient(where: string, shape: Shape, by: Shape): Dim {
  const symbols: Dim[] = shape.filter((dim) => typeof dim !== 'number');
  let ratio = 1;
  for (const dim of shape) if (typeof dim === 'number') ratio *= dim;
  for (const dim of by) {
    if (typeof dim === 'number') ratio /= dim;
    else {
      const same = symbols.findIndex((other) => sameDim(dim, other));
      if (same < 0) throw new RangeError(`${where}: no ${formatDim(dim)} among its extents`);
      symbols.splice(same, 1);
    }
  }
  if (symbols.length > 1 || !Number.isInteger(ratio)) {
    throw new RangeError(`${where}: the elements do not fit`);
  }
  return symbols[0] === undefined ? ratio : scaleDim(symbols[0], ratio);
}

/** The same elements with extents of 1 added, so that they stand at `axes` of the result. */
export function unsqueeze(x: Value, axes: readonly number[]): Value {
  const shape: Dim[] = [...x.shape];
  for (const axis of [...axes].sort((a, b) => a - b)) {
    if (!(axis >= 0 && axis <= shape.length)) {
      throw new RangeError(
        `Unsqueeze of ${describe(x)}: no axis ${axis} in a result of rank ${x.shape.length + axes.length}`,
      );
    }
    shape.splice(axis, 0, 1);
  }
  if (isConstant(x) && isStatic(shape)) return constant(shape, x.source.data, x.dtype);
  return node('Unsqueeze', [x, integers(axes)], shape, {}, x.dtype);
}

/**
 * Axes in another order: axis i of the result is axis `axes[i]` of x. [3, 64, 256] by [1, 2, 0] → [64, 256, 3].
 * @throws RangeError if `axes` is no permutation of x's axes.
 */
export function permute(x: Value, axes: readonly number[]): Value {
  const places = [...axes].sort((a, b) => a - b);
  if (axes.length !== x.shape.length || places.some((axis, i) => axis !== i)) {
    throw new RangeError(`Transpose of ${describe(x)}: [${axes.join(', ')}] is no permutation of its axes`);
  }
  const shape = axes.map((axis) => x.shape[axis]);
  return node('Transpose', [x], shape, { perm: axes }, x.dtype);
}

/**
 * Zeros put before and after each axis, or elements cut off where a number is negative: `pads` are those before
 * every axis, then those after. One row shifted down: [0, 1, 0, 0, −1, 0].
 * @throws RangeError if there are not two numbers an axis, or nothing is left of one.
 */
export function pad(x: Value, pads: readonly number[]): Value {
  const rank = x.shape.length;
  const where = `Pad of ${describe(x)} by [${pads.join(', ')}]`;
  if (pads.length !== 2 * rank) throw new RangeError(`${where}: expected ${2 * rank} numbers`);
  const shape = x.shape.map((dim, axis) => {
    const change = pads[axis] + pads[axis + rank];
    if (change === 0) return dim;
    if (typeof dim !== 'number') throw new RangeError(`${where}: axis ${axis} has no known extent`);
    if (dim + change < 1) throw new RangeError(`${where}: nothing is left of axis ${axis}`);
    return dim + change;
  });
  return node('Pad', [x, integers(pads)], shape, {}, x.dtype);
}

/** Extents of 1 stretched. @throws RangeError if another extent changes. */
export function expand(x: Value, shape: readonly number[]): Value {
  const fits = sameShape(broadcastShapes(`Expand of ${describe(x)}`, x.shape, shape), shape);
  if (!fits) throw new RangeError(`Expand of ${describe(x)}: does not stretch to ${formatShape(shape)}`);
  return node('Expand', [x, integers(shape)], shape, {}, x.dtype);
}
