import {
  type Float64Tensor,
  type FlowWeights,
  type Glow,
  type Layer,
  type Named,
  tensor,
} from '@glow-onnx/flow';
import { type ChannelAffine, matmul, type PlacedLayer, squeeze } from '@glow-onnx/flow/internal';
import type { Storage } from './round-conditioners.js';

/** A flow for one direction, with the weights of that direction. */
export interface WeightedFlow extends Pick<Glow, 'levels'> {
  readonly weights: FlowWeights<Float64Tensor>;
  /** How weights are stored, by full name; a weight that is absent is float32. */
  readonly storage?: Named<Storage>;
}

/**
 * The same maps in fewer layers. A folded run has the name of its last layer in `encode` and of its first in `decode`.
 */
export interface FoldedFlow {
  readonly encode: WeightedFlow;
  readonly decode: WeightedFlow;
}

/**
 * Composes neighbouring layers that apply one matrix and bias per pixel (actnorm, every 1×1 convolution) into one such
 * layer, in float64. With a squeeze before them the result is one 2×2 convolution of stride 2.
 * y = W·(s∘x + b) has the matrix W·diag(s) and the bias W·b. The inverse, diag(1/s)·W⁻¹, comes from the inverses of the
 * layers.
 * @param forward weights of `forwardWeights`. @param inverse weights of `inverseWeights`.
 */
export function fold(
  flow: Pick<Glow, 'levels'>,
  forward: FlowWeights<Float64Tensor>,
  inverse: FlowWeights<Float64Tensor>,
): FoldedFlow {
  const runs = flow.levels.map(({ layers }) => runsOf(layers));
  const rewrite = (
    weights: FlowWeights<Float64Tensor>,
    place: (run: Run) => string,
    weightsOf: (run: Run) => Named<Float64Tensor>,
  ): WeightedFlow => {
    const kept: Record<string, Named<Float64Tensor>> = { ...weights };
    const levels = flow.levels.map((level, l) => ({
      ...level,
      layers: runs[l].map((run): PlacedLayer => {
        if (run.affine.length === 0) return run.members[0];
        for (const { name } of run.members) delete kept[name];
        kept[place(run)] = weightsOf(run);
        return { name: place(run), layer: run.squeezed ? foldedSqueeze : foldedAffine };
      }),
    }));
    return { levels, weights: kept };
  };
  return {
    encode: rewrite(
      forward,
      ({ members }) => members[members.length - 1].name,
      ({ affine }) => composeForward(affine, forward),
    ),
    decode: rewrite(
      inverse,
      ({ members }) => members[0].name,
      ({ affine, squeezed }) => {
        const maps = affine.map(({ name, layer }) => affineOf(layer).inverse(inverse[name]));
        const { matrix, bias } = compose(maps.reverse());
        // After unsqueeze the bias would differ between the pixels of a 2×2 block, but y − shift is per channel.
        return squeezed
          ? { inverseMatrix: matrix, shift: composeForward(affine, forward).bias }
          : { inverseMatrix: matrix, inverseBias: bias };
      },
    ),
  };
}

/** Neighbours that become one layer. `affine` is empty for a layer that stays as it is. */
interface Run {
  readonly members: readonly PlacedLayer[];
  readonly affine: readonly PlacedLayer[];
  readonly squeezed: boolean;
}

function runsOf(layers: readonly PlacedLayer[]): Run[] {
  const runs: Run[] = [];
  let at = 0;
  while (at < layers.length) {
    const squeezed = layers[at].layer === squeeze;
    let end = at + Number(squeezed);
    while (layers[end]?.layer.channelAffine) end += 1;
    const affine = layers.slice(at + Number(squeezed), end);
    if (affine.length === 0) end = at + 1;
    runs.push({ members: layers.slice(at, end), affine, squeezed });
    at = end;
  }
  return runs;
}

function composeForward(affine: readonly PlacedLayer[], weights: FlowWeights<Float64Tensor>) {
  const maps = affine.map(({ name, layer }) => affineOf(layer).forward(weights[name]));
  const logDet = maps.reduce((sum, { perPixel }) => sum + perPixel, 0);
  return { ...compose(maps), logDet: tensor([], [logDet]) };
}

/** The composition of maps, first to last: y = B·(A·x + a) + b. */
function compose(maps: readonly ChannelAffine[]): ChannelAffine {
  const { matrix, bias } = maps.reduce((first, next) => {
    const column = tensor([first.bias.data.length, 1], first.bias.data);
    const moved = matmul(next.matrix, column).data.map((value, c) => value + next.bias.data[c]);
    return { matrix: matmul(next.matrix, first.matrix), bias: tensor(next.bias.shape, moved) };
  });
  return { matrix, bias };
}

function affineOf(layer: Layer): NonNullable<Layer['channelAffine']> {
  if (!layer.channelAffine) throw new TypeError('fold: the layer is not one matrix and bias per pixel');
  return layer.channelAffine;
}

const withoutParams = {
  params: [],
  initialParams: () => ({}),
  forwardWeights: () => ({}),
  inverseWeights: () => ({}),
};

/** y = matrix·x + bias at each pixel. */
const foldedAffine: Layer = {
  ...withoutParams,
  forward: (ops, x, w) => ({ y: ops.conv1x1(x, w.matrix, w.bias), logDet: { perPixel: w.logDet } }),
  inverse: (ops, y, w) => ops.conv1x1(y, w.inverseMatrix, w.inverseBias),
};

/** y = matrix·squeeze(x) + bias at each pixel. */
const foldedSqueeze: Layer = {
  ...withoutParams,
  forward: (ops, x, w) => ({ y: ops.squeezeConv(x, w.matrix, w.bias), logDet: { perPixel: w.logDet } }),
  inverse: (ops, y, w) => ops.unsqueezeConv(y, w.inverseMatrix, w.shift),
};
