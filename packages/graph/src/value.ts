import { formatShape, type Shape } from './dims.js';

/** Element types. Constants of every type are kept in float64 until they are written. */
export type DType = 'float32' | 'float16' | 'int8' | 'int64';

/** An operator's attributes: integers, lists of integers, or numbers marked as float32. */
export type Attributes = Readonly<Record<string, number | readonly number[] | Float>>;

export interface Float {
  readonly float: number;
}

/** The place of a tensor's bytes in a weights file. */
export interface Location {
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}

/** The origin of a value. Values with the same source object are the same tensor. */
export type Source =
  | { readonly kind: 'input' }
  | { readonly kind: 'constant'; readonly data: Float64Array }
  | {
      readonly kind: 'stored';
      /** Where the elements are in the weights file of another graph. */
      readonly location: Location;
      /** Reads them. */
      read(): Float64Array;
    }
  | {
      readonly kind: 'node';
      readonly operator: string;
      readonly inputs: readonly Value[];
      readonly attributes: Attributes;
      /** Stands for the rules of gradients from here back to `of`. */
      readonly adjoint?: Adjoint;
    };

/** The transpose of a linear map of one value: from the gradient of its result, the gradient of `of`. */
export interface Adjoint {
  readonly of: Value;
  gradient(dy: Value): Value;
}

/** A tensor of a graph that is being built. The functions of this package make values and never change them. */
export interface Value {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly name?: string;
  readonly source: Source;
}

/** A constant: its shape is known and so are its elements. */
export type Constant = Value & {
  readonly shape: readonly number[];
  readonly source: { readonly kind: 'constant'; readonly data: Float64Array };
};

/** A constant that stays in the weights file of another graph. */
export type Stored = Value & {
  readonly shape: readonly number[];
  readonly source: { readonly kind: 'stored'; readonly location: Location; read(): Float64Array };
};

/**
 * An input of a graph.
 * @example
 * const x = input('x', 'float32', [symbol('batch'), 3, 32, 32]);
 */
export function input(name: string, dtype: DType, shape: Shape): Value {
  return { name, dtype, shape, source: { kind: 'input' } };
}

/**
 * A tensor with fixed elements in row-major order. Shape [] holds one number. The default type is float32.
 * @throws RangeError if the count of elements does not match the shape.
 * @example
 * const kernel = constant([8, 3, 3, 3], new Float64Array(216).fill(0.1));
 */
export function constant(
  shape: readonly number[],
  elements: ArrayLike<number>,
  dtype: DType = 'float32',
): Constant {
  const size = shape.reduce((product, extent) => product * extent, 1);
  if (elements.length !== size) {
    throw new RangeError(
      `constant: shape ${formatShape(shape)} holds ${size} elements, got ${elements.length}`,
    );
  }
  const data = elements instanceof Float64Array ? elements : Float64Array.from(elements);
  return { dtype, shape, source: { kind: 'constant', data } };
}

/** A float32 constant of shape []. @example mul(x, scalar(2)) */
export function scalar(value: number): Constant {
  return constant([], [value]);
}

/** A list of integers as an operator's input: axes, extents, positions. */
export function integers(values: readonly number[]): Constant {
  return constant([values.length], values, 'int64');
}

export function isConstant(value: Value): value is Constant {
  return value.source.kind === 'constant';
}

export function isStored(value: Value): value is Stored {
  return value.source.kind === 'stored';
}

/** The same tensor with this name in the file. @example named(add(x, bias), 'hidden') */
export function named<V extends Value>(value: V, name: string): V & { readonly name: string } {
  return { ...value, name };
}

/** The result of an operator. The caller must have checked shape and dtype. */
export function node(
  operator: string,
  inputs: readonly Value[],
  shape: Shape,
  attributes: Attributes = {},
  dtype: DType = 'float32',
): Value {
  return { dtype, shape, source: { kind: 'node', operator, inputs, attributes } };
}

/**
 * The same result with a gradient of its own: of a linear map of `of` that is written with several operators, and whose
 * transpose takes less than the transposes of those one after another. What is between them, and any other input, counts as
 * constant.
 * @param y the result of an operator, and linear in `of`.
 */
export function withAdjoint(y: Value, of: Value, gradient: (dy: Value) => Value): Value {
  if (y.source.kind !== 'node')
    throw new TypeError(`gradient: ${describe(y)} is not the result of an operator`);
  return { ...y, source: { ...y.source, adjoint: { of, gradient } } };
}

/** A value in error messages: its name, operator or kind, and its shape. */
export function describe(value: Value): string {
  const { source } = value;
  const what = value.name ?? (source.kind === 'node' ? source.operator : source.kind);
  return `${what} ${formatShape(value.shape)}`;
}
