import { type SafetensorsTensor, show } from '@glow-onnx/flow/internal';
import { budgetOf } from './containers/budget.js';
import { rowMajor } from './containers/strided.js';

/** Reorders axes: axis i of the result is axis `axes[i]`. @throws RangeError if the tensor has another number of axes. */
export function transposed(
  name: string,
  tensor: SafetensorsTensor,
  axes: readonly number[],
): SafetensorsTensor {
  const { dtype, shape, data } = tensor;
  if (axes.length !== shape.length) {
    throw new RangeError(
      `map: ${show(name)} has shape [${shape.join(', ')}], which [${axes.join(', ')}] does not reorder`,
    );
  }
  const stride = (axis: number): number =>
    shape.slice(axis + 1).reduce((product, extent) => product * extent, 1);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const reordered = { shape: axes.map((axis) => shape[axis] as number), strides: axes.map(stride) };
  return rowMajor(`map: ${show(name)}`, { dtype, bytes, offset: 0, ...reordered }, budgetOf(bytes.length));
}
