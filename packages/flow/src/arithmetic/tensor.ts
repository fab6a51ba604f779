/** A dense array of float64 numbers in row-major order. Images are batch × channels × height × width. */
export interface Float64Tensor {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** Tensors by name. */
export type Named<T> = Readonly<Record<string, T>>;

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/**
 * Makes a tensor from numbers in row-major order. A Float64Array is used without a copy.
 * @throws RangeError if the count of numbers does not match the shape.
 * @example
 * const x = tensor([1, 1, 2, 2], [0.1, 0.2, 0.3, 0.4]); // an image: batch, channels, height, width
 */
export function tensor(shape: readonly number[], data: ArrayLike<number>): Float64Tensor {
  if (data.length !== sizeOf(shape)) {
    throw new RangeError(
      `tensor: shape [${shape.join(', ')}] holds ${sizeOf(shape)} numbers, got ${data.length}`,
    );
  }
  return { shape: [...shape], data: data instanceof Float64Array ? data : Float64Array.from(data) };
}

/** A tensor whose elements all equal `value`. Default: 0. */
export function filled(shape: readonly number[], value = 0): Float64Tensor {
  return { shape: [...shape], data: new Float64Array(sizeOf(shape)).fill(value) };
}
