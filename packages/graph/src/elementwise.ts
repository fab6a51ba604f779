import { dataTypes } from './data-types.js';
import { broadcastShapes, isStatic } from './dims.js';
import { type Constant, constant, type DType, describe, isConstant, node, type Value } from './value.js';

/**
 * The same numbers with another element type. A cast of a constant stays in the graph, so the constant is stored small
 * and used wide. Narrowing a value that was only widened gives the value before.
 */
export function cast(x: Value, dtype: DType): Value {
  if (x.dtype === dtype) return x;
  const { source } = x;
  const widened = x.dtype === 'float32' && source.kind === 'node' && source.operator === 'Cast';
  if (widened && source.inputs[0].dtype === dtype) return source.inputs[0];
  return node('Cast', [x], x.shape, { to: dataTypes[dtype] }, dtype);
}

/** An operator on one tensor. It is applied at build time, in float64, if the tensor is a constant. */
function unary(operator: string, apply: (x: number) => number): (x: Value) => Value {
  return (x) => {
    requireFloat(operator, x);
    return isConstant(x)
      ? constant(x.shape, x.source.data.map(apply), x.dtype)
      : node(operator, [x], x.shape, {}, x.dtype);
  };
}

/** An operator on two tensors that broadcast. It is applied at build time, in float64, if both are constants. */
function binary(operator: string, apply: (a: number, b: number) => number): (a: Value, b: Value) => Value {
  return (a, b) => {
    requireFloat(operator, a);
    requireFloat(operator, b);
    if (a.dtype !== b.dtype) {
      throw new TypeError(
        `${operator}: ${describe(a)} is ${a.dtype}, ${describe(b)} is ${b.dtype}; cast one`,
      );
    }
    const shape = broadcastShapes(`${operator} of ${describe(a)} and ${describe(b)}`, a.shape, b.shape);
    if (isConstant(a) && isConstant(b) && isStatic(shape)) return fold(shape, a, b, apply);
    return node(operator, [a, b], shape, {}, a.dtype);
  };
}

function requireFloat(operator: string, x: Value): void {
  if (x.dtype !== 'float32' && x.dtype !== 'float16') {
    throw new TypeError(`${operator}: ${describe(x)} is ${x.dtype}, expected float32 or float16`);
  }
}

function fold(
  shape: readonly number[],
  a: Constant,
  b: Constant,
  apply: (a: number, b: number) => number,
): Constant {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const fromA = sourceIndices(shape, a.shape, size);
  const fromB = sourceIndices(shape, b.shape, size);
  const data = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    data[i] = apply(a.source.data[fromA(i)], b.source.data[fromB(i)]);
  }
  return constant(shape, data, a.dtype);
}

/** Maps an element of the stretched shape to the element of `from` that it repeats. */
function sourceIndices(
  shape: readonly number[],
  from: readonly number[],
  size: number,
): (i: number) => number {
  if (from.reduce((product, extent) => product * extent, 1) === size) return (i) => i;
  const strides = new Array<number>(shape.length).fill(0);
  for (let axis = shape.length - 1, stride = 1; axis >= shape.length - from.length; axis--) {
    const extent = from[axis - shape.length + from.length];
    strides[axis] = extent === 1 ? 0 : stride;
    stride *= extent;
  }
  return (i) => {
    let index = 0;
    for (let axis = shape.length - 1, rest = i; axis >= 0; axis--) {
      const extent = shape[axis];
      index += (rest % extent) * strides[axis];
      rest = Math.floor(rest / extent);
    }
    return index;
  };
}

/** −x. @example neg(x) */
export const neg = unary('Neg', (x) => -x);
/** |x|. */
export const abs = unary('Abs', Math.abs);
/** eˣ. @example exp(x) */
export const exp = unary('Exp', Math.exp);
/** Natural logarithm. @example log(x) */
export const log = unary('Log', Math.log);
/** Square root. @example sqrt(x) */
export const sqrt = unary('Sqrt', Math.sqrt);
/** Hyperbolic tangent. @example tanh(x) */
export const tanh = unary('Tanh', Math.tanh);
/** 1/(1 + e⁻ˣ). @example sigmoid(x) */
export const sigmoid = unary('Sigmoid', (x) => 1 / (1 + Math.exp(-x)));
/** max(x, 0). @example relu(x) */
export const relu = unary('Relu', (x) => Math.max(x, 0));
/** log(1 + exp(x)). */
export const softplus = unary('Softplus', (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))));

/** a + b; shapes broadcast. @throws RangeError if they do not. @example add(x, scalar(1)) */
export const add = binary('Add', (a, b) => a + b);
/** a − b; shapes broadcast. @throws RangeError if they do not. @example sub(x, mean) */
export const sub = binary('Sub', (a, b) => a - b);
/** a·b per element; shapes broadcast. @throws RangeError if they do not. @example mul(x, scalar(2)) */
export const mul = binary('Mul', (a, b) => a * b);
/** a/b; shapes broadcast. @throws RangeError if they do not. @example div(x, norm) */
export const div = binary('Div', (a, b) => a / b);
/** The larger of a and b; shapes broadcast. */
export const max = binary('Max', Math.max);

/** slope·x + offset, limited to 0 … 1. */
export function hardSigmoid(x: Value, slope: number, offset: number): Value {
  requireFloat('HardSigmoid', x);
  return node('HardSigmoid', [x], x.shape, { alpha: { float: slope }, beta: { float: offset } }, x.dtype);
}
