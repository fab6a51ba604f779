/** Linear algebra that TensorFlow.js and ONNX lack: matrices in float64, row-major in a flat array. */

import type { Float64Tensor } from './tensor.js';
import { filled, tensor } from './tensor.js';

/** P·L·U = W with (P·x)[i] = x[permutation[i]]; L unit lower triangular, U upper triangular with its diagonal. */
export interface LuFactors {
  readonly permutation: number[];
  readonly lower: Float64Tensor;
  readonly upper: Float64Tensor;
}

/** The n of an n×n matrix. @throws RangeError if the shape is not square. */
export function orderOf(w: Float64Tensor): number {
  const [rows, columns] = w.shape;
  if (w.shape.length !== 2 || rows === undefined || rows !== columns) {
    throw new RangeError(`matrix: expected n×n, got [${w.shape.join(', ')}]`);
  }
  return rows;
}

/** a [m, k] times b [k, n] → [m, n]. @throws RangeError if the inner extents differ. */
export function matmul(a: Float64Tensor, b: Float64Tensor): Float64Tensor {
  const [m, k] = a.shape as [number, number];
  const [k2, n] = b.shape as [number, number];
  if (a.shape.length !== 2 || b.shape.length !== 2 || k !== k2) {
    throw new RangeError(
      `matmul: [${a.shape.join(', ')}] and [${b.shape.join(', ')}] do not match: expected [m, k] and [k, n]`,
    );
  }
  const y = filled([m, n]);
  const [left, right] = [a.data, b.data];
  for (let i = 0; i < m; i++) {
    for (let p = 0; p < k; p++) {
      const factor = left[i * k + p];
      if (factor === 0) continue;
      for (let j = 0; j < n; j++) y.data[i * n + j] += factor * right[p * n + j];
    }
  }
  return y;
}

/** The n×n identity. */
export function identity(n: number): Float64Tensor {
  const y = filled([n, n]);
  for (let i = 0; i < n; i++) y.data[i * n + i] = 1;
  return y;
}

/** The matrix P with (P·x)[i] = x[permutation[i]]. [1, 0] → [[0, 1], [1, 0]]. */
export function permutationMatrix(permutation: ArrayLike<number>): Float64Tensor {
  const n = permutation.length;
  const y = filled([n, n]);
  for (let i = 0; i < n; i++) y.data[i * n + permutation[i]] = 1;
  return y;
}

/** Swaps rows and columns. */
export function transpose(a: Float64Tensor): Float64Tensor {
  const [m, n] = a.shape as [number, number];
  const y = filled([n, m]);
  const { data } = a;
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) y.data[j * m + i] = data[i * n + j];
  return y;
}

/** LU factors by partial pivoting. A singular matrix has a zero on U's diagonal. */
export function lu(w: Float64Tensor): LuFactors {
  const n = orderOf(w);
  const a = Float64Array.from(w.data);
  const rows = Array.from({ length: n }, (_, i) => i); // row i of a is row rows[i] of w
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(a[i * n + k]) > Math.abs(a[pivot * n + k])) pivot = i;
    if (pivot !== k) {
      for (let j = 0; j < n; j++) {
        const kept = a[k * n + j];
        a[k * n + j] = a[pivot * n + j];
        a[pivot * n + j] = kept;
      }
      const kept = rows[k];
      rows[k] = rows[pivot];
      rows[pivot] = kept;
    }
    const diagonal = a[k * n + k];
    if (diagonal === 0) continue;
    for (let i = k + 1; i < n; i++) {
      const factor = a[i * n + k] / diagonal;
      a[i * n + k] = factor;
      for (let j = k + 1; j < n; j++) a[i * n + j] -= factor * a[k * n + j];
    }
  }
  const lower = identity(n);
  const upper = filled([n, n]);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) (j < i ? lower : upper).data[i * n + j] = a[i * n + j];
  }
  const permutation = new Array<number>(n); // a = Pᵀ·w, so (P·a)[rows[k]] = a[k]
  for (let k = 0; k < n; k++) permutation[rows[k]] = k;
  return { permutation, lower, upper };
}

/** X with L·X = b, L unit lower triangular (elements on and above its diagonal are not read). b: [n, m]. */
export function solveUnitLower(lower: Float64Tensor, b: Float64Tensor): Float64Tensor {
  const n = orderOf(lower);
  const m = b.shape[1];
  const x = Float64Array.from(b.data);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) {
      const factor = lower.data[i * n + k];
      if (factor !== 0) for (let j = 0; j < m; j++) x[i * m + j] -= factor * x[k * m + j];
    }
  }
  return tensor([n, m], x);
}

/**
 * X with U·X = b, U upper triangular (elements below its diagonal are not read). b: [n, m].
 * @throws RangeError naming the diagonal entry that is zero or not finite.
 */
export function solveUpper(upper: Float64Tensor, b: Float64Tensor): Float64Tensor {
  const n = orderOf(upper);
  const m = b.shape[1];
  const x = Float64Array.from(b.data);
  for (let i = n - 1; i >= 0; i--) {
    const diagonal = upper.data[i * n + i];
    if (diagonal === 0 || !Number.isFinite(diagonal)) {
      throw new RangeError(`the matrix is singular: pivot ${i} is ${diagonal}`);
    }
    for (let k = i + 1; k < n; k++) {
      const factor = upper.data[i * n + k];
      if (factor !== 0) for (let j = 0; j < m; j++) x[i * m + j] -= factor * x[k * m + j];
    }
    for (let j = 0; j < m; j++) x[i * m + j] /= diagonal;
  }
  return tensor([n, m], x);
}

/** W⁻¹ = U⁻¹·L⁻¹·Pᵀ of W = P·L·U. @throws RangeError if U is singular. */
export function inverseFromLu({ permutation, lower, upper }: LuFactors): Float64Tensor {
  return solveUpper(upper, solveUnitLower(lower, transpose(permutationMatrix(permutation))));
}

/** w⁻¹. @throws RangeError if w is singular or not square. */
export function inverse(w: Float64Tensor): Float64Tensor {
  return inverseFromLu(lu(w));
}

/** log|det w|; −Infinity if w is singular. */
export function logAbsDet(w: Float64Tensor): number {
  const { upper } = lu(w);
  const n = orderOf(w);
  let total = 0;
  for (let i = 0; i < n; i++) total += Math.log(Math.abs(upper.data[i * n + i]));
  return total;
}

/**
 * A random orthogonal matrix, uniform in the Haar measure: Gram–Schmidt (twice, for orthogonality to rounding)
 * on normal columns. `normal` draws from N(0, 1).
 */
export function randomOrthogonal(n: number, normal: () => number): Float64Tensor {
  const rows: Float64Array[] = [];
  while (rows.length < n) {
    const v = Float64Array.from({ length: n }, normal);
    for (let pass = 0; pass < 2; pass++) {
      for (const row of rows) {
        let dot = 0;
        for (let j = 0; j < n; j++) dot += row[j] * v[j];
        for (let j = 0; j < n; j++) v[j] -= dot * row[j];
      }
    }
    const length = Math.hypot(...v);
    if (length < 1e-6) continue; // nearly dependent: draw again
    rows.push(v.map((value) => value / length));
  }
  return tensor(
    [n, n],
    rows.flatMap((row) => [...row]),
  );
}
