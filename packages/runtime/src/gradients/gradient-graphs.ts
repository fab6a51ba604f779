import {
  add,
  encodeModel,
  graph,
  input,
  mul,
  named,
  reduceSum,
  scalar,
  sub,
  type Value,
} from '@glow-onnx/graph';
import { backward, type ModelValues } from '@glow-onnx/graph/internal';
import type { GraphKind } from '../graphs/signature.js';
import { version } from '../version.js';
import { type FolderGraph, graphValues } from './graph-values.js';

/**
 * A graph of a model folder with its derivative, as the bytes of an .onnx file. It reads the same weights file, at the
 * same places.
 *
 * - `encode`: x (and label) → z0 …, log_prob and `gradient`, ∂ log p(x)/∂x for each image.
 * - `decode`: z0 … (and label), `target`, `weight` and `cotangent`, all with the shape of x → x, `misfit` for each image,
 *   ½·Σ weight·(x − target)², and dz0 …: the transposed Jacobian of decode times weight·(x − target) + cotangent.
 * @throws RangeError naming an operator that has no derivative.
 */
export function gradientGraph(kind: GraphKind, source: FolderGraph): Uint8Array {
  const values = graphValues(kind, source);
  return encodeModel(kind === 'encode' ? encodeWithGradient(values) : decodeWithGradient(values), {
    producer: { name: '@glow-onnx/runtime', version },
  });
}

function encodeWithGradient({ inputs, outputs }: ModelValues) {
  const { log_prob, log_prob_levels, ...latents } = outputs as Record<string, Value>;
  const [gradient] = backward([{ value: log_prob as Value, gradient: scalar(1) }], [inputs.x as Value]);
  return graph({
    name: 'encode-gradient',
    inputs: Object.values(inputs),
    outputs: { ...latents, log_prob: log_prob as Value, gradient: gradient as Value },
  });
}

function decodeWithGradient({ inputs, outputs }: ModelValues) {
  const x = outputs.x as Value;
  const [target, weight, cotangent] = ['target', 'weight', 'cotangent'].map((name) =>
    input(name, 'float32', x.shape),
  ) as [Value, Value, Value];
  const difference = sub(x, target);
  const weighted = named(mul(weight, difference), 'weighted');
  const { label, ...latents } = inputs;
  const gradients = backward([{ value: x, gradient: add(weighted, cotangent) }], Object.values(latents));
  return graph({
    name: 'decode-gradient',
    inputs: [...Object.values(inputs), target, weight, cotangent],
    outputs: {
      x,
      misfit: mul(reduceSum(mul(weighted, difference), [1, 2, 3]), scalar(0.5)),
      ...Object.fromEntries(Object.keys(latents).map((name, i) => [`d${name}`, gradients[i] as Value])),
    },
  });
}
