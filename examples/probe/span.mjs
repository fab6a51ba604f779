import { dot, plainProducts } from './products.mjs';

/** A row counts as a sum of those before it if what they leave of its square is smaller than this part of the largest. */
const negligible = 1e-12;

/**
 * Few rows of many features, as rows of few: the lower triangle L of rows·rowsᵀ = L·Lᵀ. Between rows of L all products
 * and distances are those between the rows themselves. The best weights under a penalty on their squares are a sum of
 * rows, so a search finds the same with L, and each of its steps is shorter.
 * @param {Float64Array[]} rows
 * @returns rows: those of L; weightsOf: from weights for rows of L, [rows, classes], to weights for the rows, [features, classes]
 * Source: Cholesky's decomposition, Golub and Van Loan 2013, §4.2; the representer theorem, Schölkopf et al. 2001.
 * @example
 * const span = inSpan(rows);
 * const weights = span.weightsOf(await search(span.rows), classes);
 */
export function inSpan(rows) {
  const squares = rows.map((row) => dot(row, row));
  const least = negligible * Math.max(...squares);
  const lower = rows.map(() => new Float64Array(rows.length));
  for (const [i, own] of lower.entries()) {
    for (let k = 0; k < i; k++) {
      const pivot = lower[k][k];
      if (pivot > 0) own[k] = (dot(rows[i], rows[k]) - dot(own.subarray(0, k), lower[k])) / pivot;
    }
    const rest = squares[i] - dot(own, own);
    if (rest > least) own[i] = Math.sqrt(rest);
  }
  const weightsOf = (weights, classes) => {
    const sums = transposedSolve(lower, weights, classes);
    return plainProducts(rows, classes).transposedTimes(sums);
  };
  return { rows: lower, weightsOf };
}

/** s with Lᵀ·s = weights; 0 where L has no pivot. */
function transposedSolve(lower, weights, classes) {
  const rest = weights.slice();
  const result = new Float64Array(weights.length);
  for (let i = lower.length - 1; i >= 0; i--) {
    const pivot = lower[i][i];
    if (pivot === 0) continue;
    for (let c = 0; c < classes; c++) {
      const value = rest[i * classes + c] / pivot;
      result[i * classes + c] = value;
      for (let k = 0; k < i; k++) rest[k * classes + c] -= lower[i][k] * value;
    }
  }
  return result;
}
