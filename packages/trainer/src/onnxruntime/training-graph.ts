import {
  encode,
  type Float64Tensor,
  type FlowWeights,
  forwardWeights,
  type Glow,
  initialise,
  type Named,
} from '@glow-onnx/flow';
import { add, gradient, input, mul, reduceSum, scalar, type Value } from '@glow-onnx/graph';
import type { GraphSpec } from '@glow-onnx/graph/internal';
import type { Place } from '../engine/parameters.js';
import { createGraphOps, type HostValues, imageOf, labelOf, type TrainingValue } from './graph-ops.js';
import { reversibleGradient } from './reversible-gradient.js';

/** `resident gradient`: for gradients that stay on the device, each of its parameter's shape. */
export type GraphKind = 'initialise' | 'gradient' | 'resident gradient' | 'evaluate';

/**
 * Which activations a step keeps. `full`: all that the gradient needs. `reversible`: none; going back, each layer's
 * input is computed again from its output by the layer's own inverse, so memory does not grow with the number of
 * steps, for about half as much work again.
 */
export type Memory = 'full' | 'reversible';
export const memories: readonly Memory[] = ['full', 'reversible'];

export interface TrainingGraph {
  readonly spec: GraphSpec;
  readonly host: readonly HostValues[];
}

/** log p of each image, what each level adds to it, and by parameter the gradient of the loss. */
export interface LossGradient {
  readonly logProb: Value;
  readonly logProbLevels: readonly Value[];
  readonly gradients: Named<Value>;
}

/** What a graph is traced from. */
export interface Traced {
  readonly x: TrainingValue;
  readonly label: TrainingValue | undefined;
  readonly trainable: Named<TrainingValue>;
  readonly fixed: Named<Float64Tensor>;
  readonly host: HostValues[];
  /** Of the sum of log p over the batch, which the loss is this factor of. */
  readonly factor: number;
}

/**
 * A model's log p(x) as a graph for `count` images, with parameters as inputs by their names. With kind `gradient` also
 * what each level adds to it, as `log_prob/<level>`, and the gradient of the mean bits/dim, as `gradient/<parameter>`
 * in any shape; with `resident gradient` in the parameter's shape, and in `squares` the sum of its squares. With
 * `initialise` instead the parameters after data-dependent initialisation, as `initial/<parameter>`.
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
  const x = input('x', 'float32', [count, height, width, channels]);
  const label = classes > 0 ? input('label', 'float32', [count, classes]) : undefined;
  const traced: Traced = {
    ...{ trainable, fixed, host },
    x: imageOf(x),
    label: label && labelOf(label),
    factor: -1 / (count * channels * height * width * Math.LN2),
  };
  const outputs = traceOutputs(glow, traced, kind, memory);
  const hosted = host.flatMap(({ inputs }) => Object.values(inputs));
  const inputs = [...Object.values(trainable), x, ...(label ? [label] : []), ...hosted];
  return { spec: { name: kind, inputs, outputs }, host };
}

function traceOutputs(glow: Glow, traced: Traced, kind: GraphKind, memory: Memory): Record<string, Value> {
  const { x, label, trainable, fixed, host } = traced;
  const ops = createGraphOps(host);
  if (kind === 'initialise') return prefixed('initial/', initialise(glow, ops, x, { trainable, fixed }));
  const weights = forwardWeights(glow, ops, { trainable, fixed });
  if (kind === 'evaluate') return { log_prob: encode(glow, ops, x, weights, label).logProb };
  const differentiate = memory === 'reversible' ? reversibleGradient : fullGradient;
  const { logProb, logProbLevels, gradients } = differentiate(glow, traced, weights);
  const scores = {
    log_prob: logProb,
    ...Object.fromEntries(logProbLevels.map((value, l) => [levelOutput(l), value])),
  };
  // ONNX Runtime begins with what the last outputs need: so with the gradients of the last layers, and activations die
  // on the way back.
  if (kind === 'gradient') return { ...scores, ...prefixed('gradient/', unshaped(gradients)) };
  return { ...scores, squares: sumOfSquares(Object.values(gradients)), ...prefixed('gradient/', gradients) };
}

/** log p(x) and the gradient of the loss, by the activations of the way there. */
function fullGradient(
  glow: Glow,
  { x, label, trainable, host, factor }: Traced,
  weights: FlowWeights<TrainingValue>,
): LossGradient {
  const { logProb, logProbLevels } = encode(glow, createGraphOps(host), x, weights, label);
  const gradients = gradient(mul(reduceSum(logProb, [0]), scalar(factor)), Object.values(trainable));
  return {
    ...{ logProb, logProbLevels },
    gradients: Object.fromEntries(Object.keys(trainable).map((name, i) => [name, gradients[i]])),
  };
}

/** The output that has what a level adds to log_prob. */
export function levelOutput(level: number): string {
  return `log_prob/${level}`;
}

function sumOfSquares(values: readonly Value[]): Value {
  const squares = values.map((value) => reduceSum(mul(value, value), [...value.shape.keys()]));
  return squares.reduce((a, b) => add(a, b));
}

/** Without a last Reshape: it would be a copy, and to the host gradients are numbers in a row. */
function unshaped(gradients: Named<Value>): Named<Value> {
  const bare = ({ source, ...value }: Value): Value =>
    source.kind === 'node' && source.operator === 'Reshape' ? bare(source.inputs[0]) : { ...value, source };
  return Object.fromEntries(Object.entries(gradients).map(([name, value]) => [name, bare(value)]));
}

function prefixed(prefix: string, named: Named<Value>): Record<string, Value> {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [prefix + name, value]));
}
