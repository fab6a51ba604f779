import { broadcastShapes, formatDim, formatShape, type Shape, sameDim, sameShape } from './dims.js';
import { describe, node, type Value } from './value.js';

/** Options of `gemm`. */
export interface GemmOptions {
  /** Added to the product; extents of 1 stretch. */
  readonly bias?: Value;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/**
 * The product of two matrices: a [m, k], b [k, n] → [m, n]. ONNX: Gemm.
 * @param options `bias`, added to the product, its extents of 1 stretch; `transposeA`, `transposeB`, default false.
 * @throws RangeError if the inner extents differ or the bias does not stretch to the result.
 * @example
 * const y = gemm(weight, x, { bias }); // weight [12, 3], x [3, 64], bias [12, 1] → [12, 64]
 */
export function gemm(a: Value, b: Value, options: GemmOptions = {}): Value {
  const { bias, transposeA = false, transposeB = false } = options;
  const where = `Gemm of ${describe(a)} and ${describe(b)}`;
  if (a.shape.length !== 2 || b.shape.length !== 2) throw new RangeError(`${where}: expected two matrices`);
  const [rows, inner] = transposeA ? [a.shape[1], a.shape[0]] : a.shape;
  const [innerOfB, columns] = transposeB ? [b.shape[1], b.shape[0]] : b.shape;
  if (!sameDim(inner, innerOfB)) {
    throw new RangeError(`${where}: inner extents ${formatDim(inner)} and ${formatDim(innerOfB)} differ`);
  }
  const shape: Shape = [rows, columns];
  if (bias && !sameShape(broadcastShapes(where, shape, bias.shape), shape)) {
    throw new RangeError(
      `${where}: a bias ${formatShape(bias.shape)} does not stretch to ${formatShape(shape)}`,
    );
  }
  const attributes = { transA: Number(transposeA), transB: Number(transposeB) };
  return node('Gemm', bias ? [a, b, bias] : [a, b], shape, attributes, a.dtype);
}
