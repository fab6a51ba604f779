import {
  dtypeArrays,
  elementsOf,
  type SafetensorsDtype,
  type SafetensorsTensor,
  sizeOf,
} from '@glow-onnx/flow/internal';
import type { Budget } from './budget.js';

/** numpy and PyTorch have no tensors of more axes. */
export const maxAxes = 64;

/** A tensor in memory, as numpy and PyTorch describe it. Offset and strides count elements. */
export interface Strided {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
  /** Little-endian. */
  readonly bytes: Uint8Array;
}

/**
 * The tensor in row-major order: a view of the bytes if it lies so, else a copy. The budget pays for its numbers in
 * float64, as which a model takes them.
 * @param where the beginning of an error.
 * @throws RangeError if the tensor lies outside its bytes, or the budget does not suffice.
 */
export function rowMajor(where: string, tensor: Strided, budget: Budget): SafetensorsTensor {
  const { dtype, shape, strides, offset, bytes } = tensor;
  const ArrayType = dtypeArrays[dtype];
  const width = ArrayType.BYTES_PER_ELEMENT;
  const natural = [...shape, ...strides, offset].every((n) => Number.isSafeInteger(n) && n >= 0);
  if (!natural || shape.length !== strides.length || shape.length > maxAxes) {
    throw new RangeError(
      `${where}: expected a shape with strides, got [${shape}] with [${strides}] at ${offset}`,
    );
  }
  const size = sizeOf(shape);
  const last =
    offset + shape.reduce((sum, extent, axis) => sum + (extent - 1) * (strides[axis] as number), 0);
  if (size > 0 && !((last + 1) * width <= bytes.length)) {
    throw new RangeError(
      `${where}: [${shape.join(', ')}] from element ${offset} on ends at byte ${(last + 1) * width}, ` +
        `but its storage has ${bytes.length} bytes; the file is cut short or damaged`,
    );
  }
  budget.take(size * Float64Array.BYTES_PER_ELEMENT, where);
  const data =
    size === 0
      ? new ArrayType(0)
      : isRowMajor(shape, strides)
        ? elementsOf(dtype, bytes.subarray(offset * width, (offset + size) * width))
        : gather(tensor, size);
  return { dtype, shape, data } as SafetensorsTensor;
}

function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const extent = shape[axis] as number;
    if (extent !== 1 && strides[axis] !== step) return false;
    step *= extent;
  }
  return true;
}

function gather({ dtype, shape, strides, offset, bytes }: Strided, size: number) {
  const Type = dtypeArrays[dtype];
  const width = Type.BYTES_PER_ELEMENT;
  const from = elementsOf(dtype, bytes.subarray(0, bytes.length - (bytes.length % width)));
  const to = new Type(size);
  const index = shape.map(() => 0);
  let at = offset;
  for (let i = 0; i < size; i++) {
    to[i] = from[at] as never;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis] as number;
      if (++index[axis] < (shape[axis] as number)) break;
      at -= (strides[axis] as number) * (shape[axis] as number);
      index[axis] = 0;
    }
  }
  return to;
}
