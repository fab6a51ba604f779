import {
  type Dequantisation,
  dequantise,
  encodeDequantised,
  type Float64Tensor,
  forwardWeights,
  type Glow,
  initialise,
  type Named,
} from '@glow-onnx/flow';
import { add, input, mul, reduceSum, type Value } from '@glow-onnx/graph';
import type { GraphSpec } from '@glow-onnx/graph/internal';
import type { Place } from '../engine/parameters.js';
import { imageOf, labelOf } from './graph-image.js';
import { levelOutput, prefixed } from './graph-names.js';
import { createGraphOps } from './graph-ops.js';
import type { HostValues } from './host-values.js';
import { fullGradient, type TraceInputs } from './loss-gradient.js';
import type { Memory } from './memory.js';
import { reversibleGradient } from './reversible-gradient.js';

/** `gpu gradient`: for gradients that stay on the GPU, each in the shape of its parameter. */
export type GraphKind = 'initialise' | 'gradient' | 'gpu gradient' | 'evaluate' | 'evaluate variational';

/** The graph that scores images. */
export const evaluation: Readonly<Record<Dequantisation, GraphKind>> = {
  uniform: 'evaluate',
  variational: 'evaluate variational',
};

/** Whether a graph makes x of `centre` and `noise` by the model's dequantiser. */
export function usesDequantiser({ dequantiser }: Glow, kind: GraphKind): boolean {
  return dequantiser !== undefined && kind !== 'initialise' && kind !== 'evaluate';
}

export interface TrainingGraph {
  readonly spec: GraphSpec;
  readonly host: readonly HostValues[];
}

/**
 * A model as a graph for `count` images. Inputs: the parameters by their names, `x` (or with a dequantiser `centre` and
 * `noise`), `label`, and host values. Outputs by kind:
 * - `evaluate` (uniform noise), `evaluate variational`: `log_prob` of each image, less the log density of its noise.
 * - `gradient`: also `log_prob/<level>`, the part that each level adds, and `gradient/<parameter>`, the gradient of the
 *   mean bits/dim, in any shape.
 * - `gpu gradient`: the same with gradients in the shapes of the parameters, and `squares`, the sum of their squares.
 * - `initialise`: `initial/<parameter>`, the parameters after data-dependent initialisation.
 */
export function trainingGraph(
  glow: Glow,
  fixed: Named<Float64Tensor>,
  places: readonly Place[],
  { kind, count, memory }: { kind: GraphKind; count: number; memory: Memory },
): TrainingGraph {
  const { channels, height, width, classes } = glow.config;
  const host: HostValues[] = [];
  const trainable = Object.fromEntries(
    places.map(({ name, shape }) => [name, input(name, 'float32', shape)]),
  );
  const names = usesDequantiser(glow, kind) ? ['centre', 'noise'] : ['x'];
  const images = names.map((name) => input(name, 'float32', [count, height, width, channels]));
  const label = classes > 0 ? input('label', 'float32', [count, classes]) : undefined;
  const traced: TraceInputs = {
    ...{ trainable, fixed, host },
    images: Object.fromEntries(names.map((name, i) => [name, imageOf(images[i])])) as TraceInputs['images'],
    label: label && labelOf(label),
    factor: -1 / (count * channels * height * width * Math.LN2),
  };
  const outputs = traceOutputs(glow, traced, kind, memory);
  const hosted = host.flatMap(({ inputs }) => Object.values(inputs));
  const inputs = [...Object.values(trainable), ...images, ...(label ? [label] : []), ...hosted];
  return { spec: { name: kind, inputs, outputs }, host };
}

function traceOutputs(
  glow: Glow,
  traced: TraceInputs,
  kind: GraphKind,
  memory: Memory,
): Record<string, Value> {
  const { images, label, trainable, fixed, host } = traced;
  const ops = createGraphOps(host);
  if (kind === 'initialise' && 'x' in images) {
    return prefixed('initial/', initialise(glow, ops, images.x, { trainable, fixed }));
  }
  const weights = forwardWeights(glow, ops, { trainable, fixed });
  if (kind === 'evaluate' || kind === 'evaluate variational') {
    const dequantised = dequantise(glow, ops, images, weights);
    return { log_prob: encodeDequantised(glow, ops, dequantised, weights, label).logProb };
  }
  const differentiate = memory === 'reversible' ? reversibleGradient : fullGradient;
  const { logProb, logProbLevels, gradients } = differentiate(glow, traced, weights);
  const scores = {
    log_prob: logProb,
    ...Object.fromEntries(logProbLevels.map((value, l) => [levelOutput(l), value])),
  };
  // ONNX Runtime first computes the inputs of the last outputs. Gradients come last, so that those of the last layers
  // are computed first and activations are freed on the way back.
  if (kind === 'gradient') return { ...scores, ...prefixed('gradient/', unshaped(gradients)) };
  return { ...scores, squares: sumOfSquares(Object.values(gradients)), ...prefixed('gradient/', gradients) };
}

function sumOfSquares(values: readonly Value[]): Value {
  const squares = values.map((value) => reduceSum(mul(value, value), [...value.shape.keys()]));
  return squares.reduce((a, b) => add(a, b));
}

/** Gradients without a last Reshape, which would be a copy: the host reads them as flat vectors. */
function unshaped(gradients: Named<Value>): Named<Value> {
  const bare = ({ source, ...value }: Value): Value =>
    source.kind === 'node' && source.operator === 'Reshape' ? bare(source.inputs[0]) : { ...value, source };
  return Object.fromEntries(Object.entries(gradients).map(([name, value]) => [name, bare(value)]));
}
