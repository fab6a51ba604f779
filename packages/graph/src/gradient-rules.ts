import { expand, pad, permute, reshape, slice } from './arrangement.js';
import { formatShape, isStatic, type Shape, sameDim, sameShape } from './dims.js';
import { div, hardSigmoid, mul, neg, sigmoid, sub } from './elementwise.js';
import { gemm } from './gemm.js';
import { reduceSum } from './reduction.js';
import { isConstant, type Source, scalar, type Value } from './value.js';

/** The gradient of a part of a tensor, from `start` along an axis. The gradient of the rest is zero. */
export interface PartGradient {
  readonly value: Value;
  readonly axis: number;
  readonly start: number;
}

/** The part of a tensor's gradient that comes from one use of the tensor. */
export type Contribution = Value | PartGradient;

type NodeSource = Extract<Source, { kind: 'node' }>;

/**
 * From an operator's result y and the gradient dy of the loss with respect to y, computes the gradients with respect to
 * the inputs, in their order. Each gradient is a function, which is called only if the gradient is needed.
 */
type Rule = (y: Value, node: NodeSource, dy: Value) => readonly (() => Contribution)[];

/** The rule of an operator on one tensor: dx from x, y and dy. */
const unary =
  (dx: (x: Value, y: Value, dy: Value) => Value): Rule =>
  (y, { inputs: [x] }, dy) => [() => dx(x, y, dy)];

/** One rule per operator. Differentiation knows operators by these rules alone. */
export const rules: Readonly<Record<string, Rule>> = {
  Add: (_, { inputs: [a, b] }, dy) => [() => sumTo(dy, a.shape), () => sumTo(dy, b.shape)],
  Sub: (_, { inputs: [a, b] }, dy) => [() => sumTo(dy, a.shape), () => neg(sumTo(dy, b.shape))],
  Mul: (_, { inputs: [a, b] }, dy) => [() => sumTo(mul(dy, b), a.shape), () => sumTo(mul(dy, a), b.shape)],
  Neg: unary((_x, _y, dy) => neg(dy)),
  Exp: unary((_x, y, dy) => mul(dy, y)),
  Log: unary((x, _y, dy) => div(dy, x)),
  Tanh: unary((_x, y, dy) => mul(dy, sub(scalar(1), mul(y, y)))),
  Sigmoid: unary((_x, y, dy) => mul(dy, mul(y, sub(scalar(1), y)))),
  Softplus: unary((x, _y, dy) => mul(dy, sigmoid(x))),
  // 1 where y > 0: Where and Sign take several times as long as this.
  Relu: unary((_x, y, dy) => mul(dy, hardSigmoid(y, 1e38, 0))),
  ReduceSum: (_, { inputs: [x, axes], attributes }, dy) => [
    () => stretch(attributes.keepdims ? dy : withAxes(dy, x.shape, axes), x.shape),
  ],
  Gemm: (_, { inputs: [a, b, bias], attributes }, dy) => {
    const [transposeA, transposeB] = [attributes.transA === 1, attributes.transB === 1];
    return [
      () =>
        transposeA
          ? gemm(b, dy, { transposeA: transposeB, transposeB: true })
          : gemm(dy, b, { transposeB: !transposeB }),
      () =>
        transposeB
          ? gemm(dy, a, { transposeA: true, transposeB: transposeA })
          : gemm(a, dy, { transposeA: !transposeA }),
      () => sumTo(dy, bias.shape),
    ];
  },
  Reshape: (_, { inputs: [x] }, dy) => [() => reshape(dy, numbers(x.shape))],
  Transpose: (_, { attributes }, dy) => {
    const axes = attributes.perm as readonly number[];
    return [
      () =>
        permute(
          dy,
          axes.map((_, axis) => axes.indexOf(axis)),
        ),
    ];
  },
  Concat: (_, { inputs, attributes }, dy) => {
    const axis = attributes.axis as number;
    let end = 0;
    return inputs.map(({ shape }) => {
      const start = end;
      end += shape[axis] as number;
      const [from, to] = [start, end];
      return () => slice(dy, axis, from, to);
    });
  },
  Slice: (_, { inputs: [, start, , axis] }, dy) => [
    () => ({ value: dy, axis: elements(axis)[0], start: elements(start)[0] }),
  ],
  Pad: (_, { inputs: [, pads] }, dy) => [
    () =>
      pad(
        dy,
        [...elements(pads)].map((n) => 0 - n),
      ),
  ],
};

/** Sums over the axes that were stretched from `shape`: [12, 64, 256] to [12, 1, 1]. */
function sumTo(dy: Value, shape: Shape): Value {
  if (sameShape(dy.shape, shape)) return dy;
  const added = dy.shape.length - shape.length;
  const stretched = dy.shape.flatMap((dim, axis) =>
    axis < added || !sameDim(dim, shape[axis - added]) ? axis : [],
  );
  const summed = reduceSum(dy, stretched, { keepDims: true });
  return added > 0 ? reshape(summed, numbers(shape)) : summed;
}

function stretch(dy: Value, shape: Shape): Value {
  return sameShape(dy.shape, shape) ? dy : expand(dy, numbers(shape));
}

/** Adds extents of 1 at the axes that a sum removed. */
function withAxes(dy: Value, shape: Shape, axes: Value): Value {
  const summed = new Set(elements(axes));
  return reshape(
    dy,
    numbers(shape).map((extent, axis) => (summed.has(axis) ? 1 : extent)),
  );
}

function numbers(shape: Shape): readonly number[] {
  if (isStatic(shape)) return shape;
  throw new RangeError(`gradient: expected a shape of numbers, got ${formatShape(shape)}`);
}

function elements(value: Value): Float64Array {
  if (isConstant(value)) return value.source.data;
  throw new RangeError('gradient: expected constant axes and extents');
}
