import { type Float64Tensor, type GlowConfig, type Named, tensor } from '@glow-onnx/flow';
import { luParams } from '@glow-onnx/flow/internal';
import type { ForeignWeights } from './foreign-weights.js';
import type { StepNames, StepNumbers } from './step-names.js';

/** `lu` if any step has LU factors: our models have one kind, and a full matrix can be factored. */
export function conv1x1Kind(
  weights: ForeignWeights,
  layout: StepNames,
  numbered: StepNumbers,
): GlowConfig['conv1x1'] {
  const isLu = numbered.some((steps, level) =>
    steps.some((step) => weights.has(`${layout.place(level, step)}.${layout.conv1x1.lower}`)),
  );
  return isLu ? 'lu' : 'full';
}

/**
 * Parameters of one step's 1×1 convolution, multiplied by the signs of the actnorm before it:
 * W·diag(s) = P·L·(U + diag(sign·exp(logScale)))·diag(s), so s multiplies U's columns and `sign`.
 * @throws RangeError if a matrix is singular, or P is not a permutation.
 */
export function readConv1x1(
  weights: ForeignWeights,
  layout: StepNames,
  place: string,
  kind: GlowConfig['conv1x1'],
  actnormSign: Float64Tensor,
): Named<Float64Tensor> {
  const [n] = actnormSign.shape;
  const names = layout.conv1x1;
  const name = (part: keyof StepNames['conv1x1']): string => `${place}.${names[part]}`;
  const matrix = (
    part: keyof StepNames['conv1x1'],
    f: (v: number, row: number, column: number) => number,
  ) => {
    const { shape, data } = weights.take(name(part), [n, n]);
    return tensor(
      shape,
      data.map((v, at) => f(v, Math.floor(at / n), at % n)),
    );
  };
  const signs = actnormSign.data;
  if (weights.has(name('full'))) {
    const weight = matrix('full', (v, _, column) => v * signs[column]);
    if (kind === 'full') return { weight };
    try {
      return luParams(weight);
    } catch (cause) {
      throw new RangeError(`${weights.where(name('full'))}: ${(cause as Error).message}`, { cause });
    }
  }
  const { data: sign } = weights.take(name('sign'), [n]);
  if (!sign.every((v) => Math.abs(v) === 1)) {
    throw new RangeError(`${weights.where(name('sign'))}: expected numbers 1 and −1, got ${sign.join(', ')}`);
  }
  return {
    permutation: permutationOf(weights, name('permutation'), n),
    lower: matrix('lower', (v, row, column) => (column < row ? v : 0)),
    upper: matrix('upper', (v, row, column) => (column > row ? v * signs[column] : 0)),
    logScale: weights.take(name('logScale'), [n]),
    sign: tensor(
      [n],
      sign.map((v, i) => v * signs[i]),
    ),
  };
}

/** p with (P·x)[i] = x[p[i]]: the column of the one in each row. */
function permutationOf(weights: ForeignWeights, name: string, n: number): Float64Tensor {
  const { data } = weights.take(name, [n, n]);
  const columns = Float64Array.from({ length: n }, (_, row) =>
    data.subarray(row * n, (row + 1) * n).indexOf(1),
  );
  const nonZeros = data.reduce((count, v) => count + (v === 0 ? 0 : 1), 0);
  if (nonZeros !== n || columns.includes(-1) || new Set(columns).size !== n) {
    throw new RangeError(`${weights.where(name)}: expected a permutation matrix of zeros and ones`);
  }
  return tensor([n], columns);
}
