import { broadcastShapes, formatDim, type Shape, sameDim } from './dims.js';
import { describe, integers, node, type Value } from './value.js';

/** Options of reductions. */
export interface ReduceOptions {
  /** Whether reduced axes stay, with an extent of 1. Default: false. */
  readonly keepDims?: boolean;
}

/**
 * Sum over some axes. With `keepDims` they stay, with an extent of 1. ONNX: ReduceSum.
 * @throws RangeError if an axis does not exist.
 * @example
 * const perImage = reduceSum(x, [1, 2, 3]); // [batch, 3, height, width] → [batch]
 */
export function reduceSum(
  x: Value,
  axes: readonly number[],
  { keepDims = false }: ReduceOptions = {},
): Value {
  const shape = reducedShape('ReduceSum', x, axes, keepDims);
  return node('ReduceSum', [x, integers(axes)], shape, { keepdims: Number(keepDims) });
}

/**
 * Mean over some axes. With `keepDims` they stay, with an extent of 1. ONNX: ReduceMean.
 * @throws RangeError if an axis does not exist.
 * @example
 * const perChannel = reduceMean(x, [0, 2, 3]); // [batch, 3, height, width] → [3]
 */
export function reduceMean(
  x: Value,
  axes: readonly number[],
  { keepDims = false }: ReduceOptions = {},
): Value {
  const shape = reducedShape('ReduceMean', x, axes, keepDims);
  return node('ReduceMean', [x], shape, { axes, keepdims: Number(keepDims) }); // axes are an input from opset 18
}

function reducedShape(operator: string, x: Value, axes: readonly number[], keepDims: boolean): Shape {
  for (const axis of axes) {
    if (x.shape[axis] === undefined) throw new RangeError(`${operator} of ${describe(x)}: no axis ${axis}`);
  }
  return keepDims
    ? x.shape.map((dim, i) => (axes.includes(i) ? 1 : dim))
    : x.shape.filter((_, i) => !axes.includes(i));
}

/**
 * Matrix product of the last two axes; the axes before broadcast. [batch, m, k] times [k, n] → [batch, m, n].
 * @throws RangeError if the inner extents differ.
 */
export function matmul(a: Value, b: Value): Value {
  const where = `MatMul of ${describe(a)} and ${describe(b)}`;
  const [rows, inner] = a.shape.slice(-2);
  const [innerOfB, columns] = b.shape.slice(-2);
  if (a.shape.length < 2 || b.shape.length < 2) throw new RangeError(`${where}: expected two axes or more`);
  if (!sameDim(inner, innerOfB)) {
    throw new RangeError(`${where}: inner extents ${formatDim(inner)} and ${formatDim(innerOfB)} differ`);
  }
  const outer = broadcastShapes(where, a.shape.slice(0, -2), b.shape.slice(0, -2));
  return node('MatMul', [a, b], [...outer, rows, columns]);
}
