import { type Float64Tensor, type GlowConfig, type Named, tensor } from '@glow-onnx/flow';
import { luParams } from '@glow-onnx/flow/internal';
import type { ForeignWeights } from './foreign-weights.js';
import type { StepNames, StepPlaces } from './step-names.js';

/**
 * `lu` if any step has LU factors: our models have one kind, and a full matrix can be factored. `full` if no step has
 * another kind.
 */
export function conv1x1Kind(
  weights: ForeignWeights,
  { conv1x1: { lu, full, indices, without } }: StepNames,
  places: StepPlaces,
): GlowConfig['conv1x1'] {
  const any = (name: string | undefined): boolean =>
    name !== undefined && places.some((steps) => steps.some((place) => weights.has(place + name)));
  if (any(lu?.lower)) return 'lu';
  if (any(full)) return 'full';
  if (any(indices)) return 'shuffle';
  return without ?? 'full';
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
  const { lu, full, indices, transposed } = layout.conv1x1;
  const matrix = (name: string, f: (v: number, row: number, column: number) => number) => {
    const { shape, data } = weights.take(place + name, [n, n]);
    return tensor(
      shape,
      data.map((v, at) => f(v, Math.floor(at / n), at % n)),
    );
  };
  const signs = actnormSign.data;
  if (kind === 'reverse')
    return {
      permutation: tensor(
        [n],
        signs.map((_, i) => n - 1 - i),
      ),
    };
  if (kind === 'shuffle') return { permutation: indicesOf(weights, place + indices, n) };
  if (!lu || weights.has(place + full)) {
    const stored = matrix(full, (v) => v);
    const weight = tensor(
      stored.shape,
      stored.data.map(
        (v, at) => signs[at % n] * (transposed ? stored.data[(at % n) * n + Math.floor(at / n)] : v),
      ),
    );
    if (kind === 'full') return { weight };
    try {
      return luParams(weight);
    } catch (cause) {
      throw new RangeError(`${weights.where(place + full)}: ${(cause as Error).message}`, { cause });
    }
  }
  const { data: sign } = weights.take(place + lu.sign, [n]);
  if (!sign.every((v) => Math.abs(v) === 1)) {
    throw new RangeError(
      `${weights.where(place + lu.sign)}: expected numbers 1 and −1, got ${sign.join(', ')}`,
    );
  }
  return {
    permutation: permutationOf(weights, place + lu.permutation, n),
    lower: matrix(lu.lower, (v, row, column) => (column < row ? v : 0)),
    upper: matrix(lu.upper, (v, row, column) => (column > row ? v * signs[column] : 0)),
    logScale: weights.take(place + lu.logScale, [n]),
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

/** p with (P·x)[i] = x[p[i]], as stored. */
function indicesOf(weights: ForeignWeights, name: string, n: number): Float64Tensor {
  const indices = weights.take(name, [n]);
  if (new Set(indices.data).size !== n || indices.data.some((v) => !Number.isInteger(v) || v < 0 || v >= n)) {
    throw new RangeError(
      `${weights.where(name)}: expected each of 0 to ${n - 1} once, got ${indices.data.join(', ')}`,
    );
  }
  return indices;
}
