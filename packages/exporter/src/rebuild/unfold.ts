import { type Float64Tensor, type GlowConfig, type Named, tensor } from '@glow-onnx/flow';
import { inverse, luParams, matmul } from '@glow-onnx/flow/internal';

/**
 * The inverse of folding: the parameters of an actnorm and a 1×1 convolution whose composition is y = matrix·x + bias.
 * With s the lengths of the matrix's columns, matrix = W·diag(s) and bias = W·b. The columns of W then have length 1, as
 * at the start of training, which keeps its condition number within √n of the best that any s gives (van der Sluis
 * 1969). A permutation and its scales come back as they were.
 * @param matrix [n, n]. @param bias [n].
 * @returns parameters by name inside the step.
 * @throws RangeError if the matrix is singular, or if it is no scaled permutation where `kind` needs one.
 */
export function unfold(
  kind: GlowConfig['conv1x1'],
  matrix: Float64Tensor,
  bias: Float64Tensor,
): Named<Float64Tensor> {
  const [n] = bias.shape;
  const lengths = Float64Array.from({ length: n }, (_, column) =>
    Math.hypot(...Float64Array.from({ length: n }, (_, row) => matrix.data[row * n + column])),
  );
  const weight = tensor(
    [n, n],
    matrix.data.map((value, at) => value / lengths[at % n]),
  );
  const shift = matmul(inverse(weight), tensor([n, 1], bias.data));
  return {
    'actnorm.logScale': tensor([n], lengths.map(Math.log)),
    'actnorm.bias': tensor([n], shift.data),
    ...inside('conv1x1', conv1x1Params(kind, weight)),
  };
}

function conv1x1Params(kind: GlowConfig['conv1x1'], weight: Float64Tensor): Named<Float64Tensor> {
  if (kind === 'lu') return luParams(weight);
  return kind === 'full' ? { weight } : { permutation: permutationOf(weight) };
}

/** p with (P·x)[i] = x[p[i]]. */
function permutationOf({ shape, data }: Float64Tensor): Float64Tensor {
  const [n] = shape;
  const columns = Float64Array.from({ length: n }, (_, row) =>
    data.subarray(row * n, (row + 1) * n).findIndex((value) => value !== 0),
  );
  const nonZero = data.filter((value) => value !== 0);
  if (nonZero.length !== n || new Set(columns).size !== n || nonZero.some((value) => value < 0)) {
    throw new RangeError('expected a permutation of channels times positive scales');
  }
  return tensor([n], columns);
}

/** Names inside a layer as names inside the layer's step. */
export function inside(layer: string, named: Named<Float64Tensor>): Named<Float64Tensor> {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [`${layer}.${name}`, value]));
}
