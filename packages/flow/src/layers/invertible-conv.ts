import { float64Ops } from '../arithmetic/float64-ops.js';
import {
  identity,
  inverse,
  inverseFromLu,
  lu,
  permutationMatrix,
  randomOrthogonal,
  transpose,
} from '../arithmetic/linalg.js';
import type { Ops } from '../arithmetic/ops.js';
import { type Float64Tensor, filled, type Named, tensor } from '../arithmetic/tensor.js';
import type { GlowConfig } from '../model/config.js';
import { shuffle } from '../random.js';
import type { ChannelAffine, Layer } from './layer.js';

/**
 * The invertible 1×1 convolution y = W·x at each pixel, W [channels, channels]. logDet = height·width·log|det W|.
 * `lu`: W = P·L·(U + diag(sign·exp(logScale))), P and sign fixed, so log|det W| = Σ logScale. `full`: W itself.
 * `shuffle` and `reverse`: a fixed permutation, logDet 0. lu and full start from a random orthogonal matrix.
 * Source: Kingma & Dhariwal 2018, §3.2.
 */
export function invertibleConv(kind: GlowConfig['conv1x1'], channels: number): Layer {
  switch (kind) {
    case 'lu':
      return luConv(channels);
    case 'full':
      return fullConv(channels);
    case 'shuffle':
      return permutation(channels, (random) => shuffle(ascending(channels), random));
    case 'reverse':
      return permutation(channels, () => ascending(channels).reverse());
    default:
      return kind satisfies never;
  }
}

/** The part that all kinds share, with the weights `matrix` (W), `logDet` and `inverseMatrix` (W⁻¹). */
const apply: Pick<Layer, 'forward' | 'inverse' | 'channelAffine'> = {
  forward: (ops, x, w) => ({ y: ops.conv1x1(x, w.matrix), logDet: { perPixel: w.logDet } }),
  inverse: (ops, y, w) => ops.conv1x1(y, w.inverseMatrix),
  channelAffine: {
    forward: (w) => ({ ...linear(w.matrix), perPixel: w.logDet.data[0] }),
    inverse: (w) => linear(w.inverseMatrix),
  },
};

function linear(matrix: Float64Tensor): ChannelAffine {
  return { matrix, bias: filled([matrix.shape[0]]) };
}

function luConv(channels: number): Layer {
  const square = [channels, channels];
  // Made on first use: a config may describe matrices that do not fit into memory, and must still be checked.
  let masks: { strictlyLower: Float64Tensor; strictlyUpper: Float64Tensor } | undefined;
  const factors = <T>(ops: Ops<T>, trainable: Named<T>, sign: Float64Tensor) => {
    const diagonal = ops.mul(ops.constant(sign), ops.exp(trainable.logScale));
    masks ??= {
      strictlyLower: mask(channels, (i, j) => j < i),
      strictlyUpper: mask(channels, (i, j) => j > i),
    };
    return {
      lower: ops.add(
        ops.mul(trainable.lower, ops.constant(masks.strictlyLower)),
        ops.constant(identity(channels)),
      ),
      upper: ops.add(
        ops.mul(trainable.upper, ops.constant(masks.strictlyUpper)),
        ops.mul(ops.constant(identity(channels)), ops.reshape(diagonal, [1, channels])),
      ),
    };
  };
  return {
    ...apply,
    params: [
      { name: 'permutation', shape: [channels], kind: 'fixed', dtype: 'index' },
      { name: 'lower', shape: square, kind: 'trainable' },
      { name: 'upper', shape: square, kind: 'trainable' },
      { name: 'logScale', shape: [channels], kind: 'trainable' },
      { name: 'sign', shape: [channels], kind: 'fixed' },
    ],
    initialParams: (random) => luParams(randomOrthogonal(channels, random.normal)),
    forwardWeights(ops, { trainable, fixed }) {
      const { lower, upper } = factors(ops, trainable, fixed.sign);
      return {
        matrix: ops.matmul(ops.constant(permutationMatrix(fixed.permutation.data)), ops.matmul(lower, upper)),
        logDet: ops.sum(trainable.logScale),
      };
    },
    inverseWeights({ trainable, fixed }) {
      const { lower, upper } = factors(float64Ops, trainable, fixed.sign);
      return { inverseMatrix: inverseFromLu({ permutation: [...fixed.permutation.data], lower, upper }) };
    },
  };
}

/**
 * The LU parameters of a matrix w [n, n]: `permutation`, strictly triangular `lower` and `upper`, `logScale`, `sign`.
 * @throws RangeError if w is singular.
 */
export function luParams(w: Float64Tensor): Named<Float64Tensor> {
  const { permutation, lower, upper } = lu(w);
  const n = permutation.length;
  const diagonal = Float64Array.from({ length: n }, (_, i) => upper.data[i * n + i]);
  diagonal.forEach((value, i) => {
    if (value === 0 || !Number.isFinite(value)) {
      throw new RangeError(`the matrix is singular: pivot ${i} is ${value}`);
    }
  });
  const offDiagonal = (m: Float64Tensor): Float64Tensor =>
    tensor(
      m.shape,
      m.data.map((v, at) => (Math.floor(at / n) === at % n ? 0 : v)),
    );
  return {
    permutation: tensor([n], permutation),
    lower: offDiagonal(lower),
    upper: offDiagonal(upper),
    logScale: tensor(
      [n],
      diagonal.map((v) => Math.log(Math.abs(v))),
    ),
    sign: tensor([n], diagonal.map(Math.sign)),
  };
}

function fullConv(channels: number): Layer {
  return {
    ...apply,
    params: [{ name: 'weight', shape: [channels, channels], kind: 'trainable' }],
    initialParams: (random) => ({ weight: randomOrthogonal(channels, random.normal) }),
    forwardWeights: (ops, { trainable: { weight } }) => ({ matrix: weight, logDet: ops.logAbsDet(weight) }),
    inverseWeights: ({ trainable: { weight } }) => ({ inverseMatrix: inverse(weight) }),
  };
}

function permutation(
  channels: number,
  initial: (random: Parameters<Layer['initialParams']>[0]) => Float64Array,
): Layer {
  return {
    ...apply,
    params: [{ name: 'permutation', shape: [channels], kind: 'fixed', dtype: 'index' }],
    initialParams: (random) => ({ permutation: tensor([channels], initial(random)) }),
    forwardWeights: (ops, { fixed }) => ({
      matrix: ops.constant(permutationMatrix(fixed.permutation.data)),
      logDet: ops.constant(filled([])),
    }),
    inverseWeights: ({ fixed }) => ({ inverseMatrix: transpose(permutationMatrix(fixed.permutation.data)) }),
  };
}

function ascending(n: number): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => i);
}

function mask(n: number, keep: (i: number, j: number) => boolean): Float64Tensor {
  return tensor(
    [n, n],
    Float64Array.from({ length: n * n }, (_, at) => (keep(Math.floor(at / n), at % n) ? 1 : 0)),
  );
}
