import { concat, expand, pad, permute, reshape, slice, unsqueeze } from './arrangement.js';
import { type ConvOptions, conv, convTranspose, isMiscomputed } from './convolution.js';
import { formatShape, isStatic, type Shape, sameDim, sameShape } from './dims.js';
import { add, cast, div, hardSigmoid, mul, neg, sigmoid, sub } from './elementwise.js';
import { gemm } from './gemm.js';
import { reduceSum } from './reduction.js';
import {
  type Constant,
  constant,
  isConstant,
  isStored,
  named,
  type Source,
  scalar,
  type Value,
} from './value.js';

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
 *
 * Where shapes are not known, dy may have extents of 1, or fewer axes: it is the same along them. `whole` stretches it.
 */
type Rule = (y: Value, node: NodeSource, dy: Value) => readonly (() => Contribution)[];

/** The rule of an operator on one tensor: dx from x, y and dy. */
const unary =
  (dx: (x: Value, y: Value, dy: Value) => Value): Rule =>
  (y, { inputs: [x] }, dy) => [() => dx(x, y, dy)];

/** One rule per operator. Differentiation knows operators by these rules alone. */
export const rules: Readonly<Record<string, Rule>> = {
  Add: (y, { inputs: [a, b] }, dy) => [() => sumTo(dy, y, a.shape), () => sumTo(dy, y, b.shape)],
  Sub: (y, { inputs: [a, b] }, dy) => [() => sumTo(dy, y, a.shape), () => neg(sumTo(dy, y, b.shape))],
  Mul: (y, { inputs: [a, b] }, dy) => [
    () => sumTo(mul(dy, b), y, a.shape),
    () => sumTo(mul(dy, a), y, b.shape),
  ],
  Neg: unary((_x, _y, dy) => neg(dy)),
  // 2·(x > 0) − 1, and 0 at 0.
  Abs: unary((x, _y, dy) => mul(dy, sub(mul(hardSigmoid(x, 1e38, 0.5), scalar(2)), scalar(1)))),
  Identity: unary((_x, _y, dy) => dy),
  Cast: unary((x, _y, dy) => cast(dy, x.dtype)),
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
  // The map from x is linear, and these are its transpose. The weight stays the same tensor.
  Conv: (y, { inputs: [, weight], attributes }, dy) => [
    () => convTranspose(whole(dy, y), weight, geometryOf(attributes)),
  ],
  ConvTranspose: (y, { inputs: [, weight], attributes }, dy) => [
    () => portableConv(whole(dy, y), weight, geometryOf(attributes)),
  ],
  Unsqueeze: (y, { inputs: [, axes] }, dy) => [() => reduceSum(whole(dy, y), [...elements(axes)])],
  Gemm: (y, { inputs: [a, b, bias], attributes }, dy) => {
    const [transposeA, transposeB] = [attributes.transA === 1, attributes.transB === 1];
    const full = whole(dy, y);
    return [
      () =>
        transposeA
          ? gemm(b, full, { transposeA: transposeB, transposeB: true })
          : gemm(full, b, { transposeB: !transposeB }),
      () =>
        transposeB
          ? gemm(full, a, { transposeA: true, transposeB: transposeA })
          : transposeA
            ? gemm(a, full)
            : timesTransposed(a, full),
      () => sumTo(dy, y, bias.shape),
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
  Concat: (y, { inputs, attributes }, dy) => {
    const axis = attributes.axis as number;
    let end = 0;
    return inputs.map(({ shape }) => {
      const start = end;
      end += shape[axis] as number;
      const [from, to] = [start, end];
      return () => slice(whole(dy, y), axis, from, to);
    });
  },
  Slice: (y, { inputs: [, start, , axis] }, dy) => [
    () => ({ value: whole(dy, y), axis: elements(axis)[0], start: elements(start)[0] }),
  ],
  Pad: (_, { inputs: [, pads] }, dy) => [
    () =>
      pad(
        dy,
        [...elements(pads)].map((n) => 0 - n),
      ),
  ],
};

/** Sums over the axes of y that were stretched from `shape`: [12, 64, 256] to [12, 1, 1]. */
function sumTo(dy: Value, y: Value, shape: Shape): Value {
  if (sameShape(y.shape, shape)) return dy;
  const added = y.shape.length - shape.length;
  const stretched = y.shape.flatMap((dim, axis) =>
    axis < added || !sameDim(dim, shape[axis - added]) ? axis : [],
  );
  const summed = reduceSum(whole(dy, y), stretched, { keepDims: true });
  return added > 0 ? reshape(summed, numbers(shape)) : summed;
}

function stretch(dy: Value, shape: Shape): Value {
  return sameShape(dy.shape, shape) || !isStatic(shape) ? dy : expand(dy, shape);
}

/** dy with the shape of y. A shape that is not known comes from y itself. */
export function whole(dy: Value, y: Value): Value {
  if (sameShape(dy.shape, y.shape)) return dy;
  return isStatic(y.shape) ? expand(dy, y.shape) : add(mul(y, scalar(0)), dy);
}

/**
 * aᵀ·b. Where its shape is known, aᵀ is a tensor of its own. ONNX Runtime joins a Transpose of two axes to the product
 * that reads it, and the processor then turns the matrix again for every 128 columns of the other. It does not join three
 * axes.
 */
function timesTransposed(a: Value, b: Value): Value {
  if (!isStatic(a.shape)) return gemm(a, b, { transposeA: true });
  const [rows, columns] = a.shape;
  return gemm(reshape(permute(reshape(a, [1, rows, columns]), [0, 2, 1]), [columns, rows]), b);
}

type Geometry = Pick<ConvOptions, 'pads' | 'strides'>;

function geometryOf({ pads, strides }: NodeSource['attributes']): Geometry {
  return { pads, strides } as unknown as Geometry;
}

/**
 * A convolution that WebGPU computes correctly: where it would not, the image repeats some channels, and the weight is
 * zero there.
 */
function portableConv(x: Value, weight: Value, geometry: Geometry): Value {
  const [outputs, channels, height, width] = numbers(weight.shape);
  if (height * width === 1 || !isMiscomputed(channels)) return conv(x, weight, geometry);
  const wide = 4 * Math.ceil(channels / 4);
  const size = height * width;
  const data = new Float64Array(outputs * wide * size);
  const own = elements(weight);
  for (let o = 0; o < outputs; o++) {
    data.set(own.subarray(o * channels * size, (o + 1) * channels * size), o * wide * size);
  }
  const kernel: Constant = constant([outputs, wide, height, width], data);
  return conv(
    concat([x, slice(x, 1, 0, wide - channels)], 1),
    weight.name === undefined ? kernel : named(kernel, `${weight.name}.wide`),
    geometry,
  );
}

/** Adds extents of 1 at the axes that a sum removed. */
function withAxes(dy: Value, shape: Shape, axes: Value): Value {
  const summed = new Set(elements(axes));
  if (dy.shape.length === 0) return dy;
  if (!isStatic(shape)) return unsqueeze(dy, [...summed]);
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
  if (isStored(value)) return value.source.read();
  throw new RangeError('gradient: expected constant axes, extents and weights');
}
