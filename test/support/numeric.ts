import { type Float64Tensor, tensor } from '@glow-onnx/flow';
import { logAbsDet } from '@glow-onnx/flow/internal';

/** Largest |a − b| over the largest |b|, NaN if anything is. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.NaN;
  let error = 0;
  let size = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i]);
    if (Number.isNaN(difference)) return Number.NaN;
    error = Math.max(error, difference);
    size = Math.max(size, Math.abs(b[i]));
  }
  return size === 0 ? error : error / size;
}

/**
 * log|det ∂f/∂x| at x by central differences of f, an independent check of every logDet formula.
 * @param f maps a vector to one of the same length.
 */
export function numericalLogDet(f: (x: Float64Array) => ArrayLike<number>, x: Float64Array): number {
  const n = x.length;
  const step = 1e-5;
  const jacobian = new Float64Array(n * n);
  for (let j = 0; j < n; j++) {
    const moved = (by: number): ArrayLike<number> => f(x.map((value, i) => (i === j ? value + by : value)));
    const above = moved(step);
    const below = moved(-step);
    for (let i = 0; i < n; i++) jacobian[i * n + j] = (above[i] - below[i]) / (2 * step);
  }
  return logAbsDet(tensor([n, n], jacobian));
}

/** All values of several tensors in a row. */
export function flatten(tensors: readonly Float64Tensor[]): number[] {
  return tensors.flatMap(({ data }) => [...data]);
}
