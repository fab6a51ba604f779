import { hold } from './fault.js';
import { type Extent, type Extents, scaled } from './signature.js';

/** ONNX's numbers for the element types of graphs, with their bytes. */
export const elementTypes = {
  float32: { code: 1, bytes: 4 },
  int8: { code: 3, bytes: 1 },
  int64: { code: 7, bytes: 8 },
  float16: { code: 10, bytes: 2 },
} as const;
export type ElementType = keyof typeof elementTypes;

/** What is known of a tensor before the graph runs. */
export interface Value {
  readonly type: ElementType;
  readonly shape: Extents;
  /** Whether it depends on constants alone. */
  readonly constant: boolean;
  /** The elements of an int64 constant. */
  readonly elements?: readonly number[];
}

/** The result of an operator. */
type Result = Pick<Value, 'type' | 'shape'>;

export interface Operator {
  /** The least and the most inputs. */
  readonly inputs: readonly [number, number];
  /** Its attributes, all of them needed. */
  readonly attributes: readonly string[];
  /** Whether the attributes are floats; otherwise they are integers. */
  readonly floats?: boolean;
  /** Whether ONNX Runtime may compute it when it opens the graph. The result is then no larger than the first input. */
  readonly ofConstants?: boolean;
  /** @throws RangeError if the inputs or attributes do not fit. */
  result(inputs: readonly Value[], attributes: Attributes): Result;
}

export type Attributes = Readonly<Record<string, number | readonly number[]>>;

const unary: Operator = {
  inputs: [1, 1],
  attributes: [],
  result: ([x]) => floating(x),
};

const binary: Operator = {
  inputs: [2, 2],
  attributes: [],
  result: ([a, b]) => ({ ...floating(a, b), shape: broadcast(shapeOf(a), shapeOf(b)) }),
};

/**
 * Convolutions of images with a constant square kernel.
 * @param allowed combinations of side, stride and padding. A side of 2 halves the image or, `transposed`, doubles it.
 */
const convolution = (allowed: readonly string[], transposed: boolean): Operator => ({
  inputs: [2, 3],
  attributes: ['kernel_shape', 'pads', 'strides'],
  result([x, kernel, bias], { kernel_shape, pads, strides }) {
    const [batch, channels, ...sides] = imageOf(x);
    const [first, second, ...own] = imageOf(kernel);
    const [inputs, outputs] = transposed ? [first, second] : [second, first];
    const [side] = own;
    const found = allowed.find((one) => one === `${kernel_shape} ${strides} ${pads}`);
    hold(
      kernel?.constant === true && found !== undefined && String(own) === String(kernel_shape),
      () => `expected a constant kernel of ${allowed.join(' or ')}, got ${kernel_shape} ${strides} ${pads}`,
    );
    hold(
      channels === inputs && (!bias || (bias.constant && String(bias.shape) === String(outputs))),
      () => `kernel [${kernel?.shape}] and bias [${bias?.shape}] do not fit ${channels} channels`,
    );
    const scale = (extent: Extent) => (side === 2 ? scaled(extent, transposed ? 1 : -1) : extent);
    return { ...floating(x, kernel, bias), shape: [batch, outputs, ...sides.map(scale)] };
  },
});
const pointwise = '1,1 1,1 0,0,0,0';
const neighbours = '3,3 1,1 1,1,1,1';
const halving = '2,2 2,2 0,0,0,0';

/** The operators of the graphs in a model folder. docs/format.md lists them. */
export const operators: Readonly<Record<string, Operator>> = {
  Abs: unary,
  Add: binary,
  Cast: {
    inputs: [1, 1],
    attributes: ['to'],
    ofConstants: true,
    result([x], { to }) {
      const type = typeOf(to as number);
      hold(
        x?.type !== 'int64' && (type === 'float32' || type === 'float16'),
        () => 'expected a cast to float32 or float16',
      );
      return { type, shape: shapeOf(x) };
    },
  },
  Concat: {
    inputs: [1, 16],
    attributes: ['axis'],
    result(inputs, { axis }) {
      const { type, shape } = floating(...inputs);
      const others = (extents: Extents) => String(withExtent(extents, 1, 0));
      const parts = inputs.map((input) => input.shape[1]);
      hold(
        axis === 1 && parts.every(isNumber) && inputs.every((input) => others(input.shape) === others(shape)),
        () => 'expected equal shapes except for the channels, axis 1',
      );
      return {
        type,
        shape: withExtent(
          shape,
          1,
          parts.reduce((sum: number, part) => sum + (part as number), 0),
        ),
      };
    },
  },
  Conv: convolution([pointwise, neighbours, halving], false),
  ConvTranspose: convolution([neighbours, halving], true),
  Exp: unary,
  Identity: unary,
  Log: unary,
  Mul: { ...binary, ofConstants: true },
  Neg: unary,
  ReduceSum: {
    inputs: [2, 2],
    attributes: ['keepdims'],
    result([x, axes], { keepdims }) {
      const [batch] = imageOf(x);
      hold(
        String(axes?.elements) === '1,2,3' && keepdims === 0,
        () => 'expected axes 1, 2, 3 and keepdims 0',
      );
      return { ...floating(x), shape: [batch] };
    },
  },
  Relu: unary,
  Sigmoid: unary,
  Slice: {
    inputs: [4, 4],
    attributes: [],
    result([x, ...range]) {
      const [start, end, axis] = range.map(integerOf) as [number, number, number];
      const extent = shapeOf(x)[axis];
      hold(
        isNumber(extent) && start < end && end <= extent,
        () => `expected a range inside axis ${axis} with ${extent} elements, got ${start} to ${end}`,
      );
      return { ...floating(x), shape: withExtent(shapeOf(x), axis, end - start) };
    },
  },
  Sub: binary,
  Tanh: unary,
  Unsqueeze: {
    inputs: [2, 2],
    attributes: [],
    result([x, axes]) {
      hold(integerOf(axes) === 1 && x?.shape.length === 1, () => 'expected a tensor of rank 1, and axis 1');
      return { ...floating(x), shape: [...shapeOf(x), 1] };
    },
  },
};

/** The operators of graphs with a derivative. */
export const gradientOperators: Readonly<Record<string, Operator>> = {
  ...operators,
  ConvTranspose: convolution([pointwise, neighbours, halving], true),
  Div: binary,
  HardSigmoid: { ...unary, attributes: ['alpha', 'beta'], floats: true },
};

/** The operators of `encode-features`. */
export const featureOperators: Readonly<Record<string, Operator>> = {
  ...operators,
  ReduceSum: {
    ...operators.ReduceSum,
    result([x, axes], { keepdims }) {
      const [batch, channels] = imageOf(x);
      hold(String(axes?.elements) === '2,3' && keepdims === 0, () => 'expected axes 2, 3 and keepdims 0');
      return { ...floating(x), shape: [batch, channels] };
    },
  },
};

/** The element type with this number. */
export function typeOf(code: number | null): ElementType {
  const found = Object.entries(elementTypes).find(([, type]) => type.code === code);
  hold(found !== undefined, () => `element type ${code} is not allowed`);
  return found[0] as ElementType;
}

/** The type that all given inputs have, float32 or float16, and the shape of the first. */
function floating(...inputs: readonly (Value | undefined)[]): Result {
  const type = inputs[0]?.type ?? 'float32';
  hold(
    type.startsWith('float') && inputs.every((input) => !input || input.type === type),
    () => `expected one type of floats, got ${inputs.map((input) => input?.type)}`,
  );
  return { type, shape: shapeOf(inputs[0]) };
}

function shapeOf(value: Value | undefined): Extents {
  return value?.shape ?? [];
}

function isNumber(extent: Extent | undefined): extent is number {
  return typeof extent === 'number';
}

function withExtent(shape: Extents, axis: number, extent: number): Extents {
  return shape.map((old, i) => (i === axis ? extent : old));
}

/** From the right, extents are equal or one of them is 1. */
function broadcast(a: Extents, b: Extents): Extents {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [left, right] = [a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1];
    hold(left === right || left === 1 || right === 1, () => `shapes [${a}] and [${b}] do not fit together`);
    return left === 1 ? right : left;
  });
}

function imageOf(x: Value | undefined): [Extent, Extent, Extent, Extent] {
  hold(x?.shape.length === 4, () => `expected an image of rank 4, got [${x?.shape}]`);
  return x.shape as [Extent, Extent, Extent, Extent];
}

/** The only element of an int64 constant. */
function integerOf(value: Value | undefined): number {
  const [element] = value?.elements ?? [];
  hold(element !== undefined && value?.elements?.length === 1, () => 'expected one constant int64');
  return element;
}
