import { encode, type Float64Tensor, type FlowWeights, type Glow, type Named } from '@glow-onnx/flow';
import { gradient, mul, reduceSum, scalar, type Value } from '@glow-onnx/graph';
import type { TrainingValue } from './graph-image.js';
import { createGraphOps } from './graph-ops.js';
import type { HostValues } from './host-values.js';

/** The values that a training graph is traced from. */
export interface TraceInputs {
  readonly x: TrainingValue;
  readonly label: TrainingValue | undefined;
  readonly trainable: Named<TrainingValue>;
  readonly fixed: Named<Float64Tensor>;
  /** Collects the inputs that the host computes. */
  readonly host: HostValues[];
  /** The loss is this factor times the sum of log p over the batch. */
  readonly factor: number;
}

/** log p of each image, the part of it that each level adds, and the gradient of the loss by parameter. */
export interface LossGradient {
  readonly logProb: Value;
  readonly logProbLevels: readonly Value[];
  readonly gradients: Named<Value>;
}

/** log p(x) and the gradient of the loss from the activations of the forward pass. */
export function fullGradient(
  glow: Glow,
  { x, label, trainable, host, factor }: TraceInputs,
  weights: FlowWeights<TrainingValue>,
): LossGradient {
  const { logProb, logProbLevels } = encode(glow, createGraphOps(host), x, weights, label);
  const gradients = gradient(mul(reduceSum(logProb, [0]), scalar(factor)), Object.values(trainable));
  return {
    ...{ logProb, logProbLevels },
    gradients: Object.fromEntries(Object.keys(trainable).map((name, i) => [name, gradients[i]])),
  };
}
