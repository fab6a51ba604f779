import type { Float64Tensor } from '@glow-onnx/flow';

/** Three digits suffice for a condition number in a report. */
const PRECISION = 1e-5;
const ITERATIONS = 2000;

/**
 * The largest singular value of a matrix [m, n], by power iteration on MᵀM from an asymmetric start. Columns of zeros
 * do not change it. The result has at least two correct digits, even if the two largest singular values are close: it
 * then lies between them.
 */
export function spectralNorm({ shape, data }: Float64Tensor): number {
  const [m, n] = shape as [number, number];
  let v = Float64Array.from({ length: n }, (_, j) => 1 + Math.sin(1 + j * j));
  let norm = 0;
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const length = Math.hypot(...v);
    if (length === 0) return 0;
    const next = new Float64Array(n);
    let squares = 0;
    for (let i = 0; i < m; i++) {
      let dot = 0;
      for (let j = 0; j < n; j++) dot += data[i * n + j] * v[j];
      dot /= length;
      squares += dot * dot;
      for (let j = 0; j < n; j++) next[j] += data[i * n + j] * dot;
    }
    const before = norm;
    norm = Math.sqrt(squares);
    v = next;
    if (iteration > 20 && Math.abs(norm - before) <= PRECISION * norm * 0.1) break;
  }
  return norm;
}
