import { formatShape, type Shape } from './dims.js';

/** Element types in use. Whatever its type, a constant is kept in float64 until it is written. */
export type DType = 'float32' | 'float16' | 'int8' | 'int64';

/** An operator's attributes: integers, lists of them, or numbers that are marked as float32. */
export type Attributes = Readonly<Record<string, number | readonly number[] | Float>>;

export interface Float {
  readonly float: number;
}

/** Where a value comes from. Values with the same source object are the same tensor. */
export type Source =
  | { readonly kind: 'input' }
  | { readonly kind: 'constant'; readonly data: Float64Array }
  | {
      readonly kind: 'node';
      readonly operator: string;
      readonly inputs: readonly Value[];
      readonly attributes: Attributes;
    };

/** A tensor of a graph that is being built. Made by the functions of this package; never changed. */
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

/** An input of a graph. */
export function input(name: string, dtype: DType, shape: Shape): Value {
  return { name, dtype, shape, source: { kind: 'input' } };
}

/**
 * A tensor with fixed elements in row-major order; a single number for shape [].
 * @throws RangeError if the count of elements does not match the shape.
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

/** The same tensor under this name in the file. */
export function named<V extends Value>(value: V, name: string): V & { readonly name: string } {
  return { ...value, name };
}

/** The result of an operator; shape and dtype are the caller's to have checked. */
export function node(
  operator: string,
  inputs: readonly Value[],
  shape: Shape,
  attributes: Attributes = {},
  dtype: DType = 'float32',
): Value {
  return { dtype, shape, source: { kind: 'node', operator, inputs, attributes } };
}

/** How a value is called in messages: its name if it has one, and its shape. */
export function describe(value: Value): string {
  const { source } = value;
  const what = value.name ?? (source.kind === 'node' ? source.operator : source.kind);
  return `${what} ${formatShape(value.shape)}`;
}
