import {
  dequantise,
  encodeDequantised,
  type Float64Tensor,
  type FlowWeights,
  type Glow,
  type Named,
  type NoisyPixels,
} from '@glow-onnx/flow';
import { gradient, mul, reduceSum, scalar, type Value } from '@glow-onnx/graph';
import type { TrainingValue } from './graph-image.js';
import { createGraphOps } from './graph-ops.js';
import type { HostValues } from './host-values.js';

/** The values that a training graph is traced from. */
export interface TraceInputs {
  readonly images: { readonly x: TrainingValue } | NoisyPixels<TrainingValue>;
  readonly label: TrainingValue | undefined;
  readonly trainable: Named<TrainingValue>;
  readonly fixed: Named<Float64Tensor>;
  /** Collects the inputs that the host computes. */
  readonly host: HostValues[];
  /** The loss is this factor times the sum of log p, less the log density of the noise, over the batch. */
  readonly factor: number;
}

/** log p of each image, less the log density of its noise, the part of each level, and the gradient of the loss. */
export interface LossGradient {
  readonly logProb: Value;
  readonly logProbLevels: readonly Value[];
  readonly gradients: Named<Value>;
}

/** log p(x) and the gradient of the loss from the activations of the forward pass. */
export function fullGradient(
  glow: Glow,
  { images, label, trainable, host, factor }: TraceInputs,
  weights: FlowWeights<TrainingValue>,
): LossGradient {
  const ops = createGraphOps(host);
  const dequantised = dequantise(glow, ops, images, weights);
  const { logProb, logProbLevels } = encodeDequantised(glow, ops, dequantised, weights, label);
  const gradients = gradient(mul(reduceSum(logProb, [0]), scalar(factor)), Object.values(trainable));
  return {
    ...{ logProb, logProbLevels },
    gradients: Object.fromEntries(Object.keys(trainable).map((name, i) => [name, gradients[i]])),
  };
}
