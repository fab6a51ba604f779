import {
  createGlow,
  type Float64Tensor,
  float64Ops,
  forwardWeights,
  type GlowConfig,
  inverseWeights,
  type Named,
} from '@glow-onnx/flow';
import type { Precision } from '@glow-onnx/flow/internal';
import type { Graph } from '@glow-onnx/graph';
import { fold, type WeightedFlow } from '../../packages/exporter/src/build/fold.js';
import { roundConditioners } from '../../packages/exporter/src/build/round-conditioners.js';
import { traceDecode, traceEncode } from '../../packages/exporter/src/build/trace.js';
import { randomParams } from './random-params.js';
import { type Numbers, runGraph } from './run-graph.js';

/** A model with random parameters: its float64 weights in both directions, folded, and as graphs. */
export function exported(
  config: GlowConfig,
  seed: number,
  deviation?: number,
  precision: Precision = 'fp32',
) {
  const glow = createGlow(config);
  const params = randomParams(glow, seed, deviation);
  const forward = forwardWeights(glow, float64Ops, params);
  const inverse = inverseWeights(glow, params);
  const folded = fold(glow, forward, inverse);
  const stored = (flow: WeightedFlow) => ({ ...flow, ...roundConditioners(flow.weights, precision) });
  return {
    glow,
    forward: roundConditioners(forward, precision).weights,
    inverse: roundConditioners(inverse, precision).weights,
    folded,
    encodeGraph: traceEncode(config, stored(folded.encode)),
    decodeGraph: traceDecode(config, stored(folded.decode)),
  };
}

/** Runs a graph in ONNX Runtime on the CPU. */
export function runOn(graph: Graph, feeds: Named<Float64Tensor | Numbers>): Promise<Record<string, Numbers>> {
  const numbers = Object.entries(feeds).map(([name, { shape, data }]) => [name, { shape, data: [...data] }]);
  return runGraph(graph, Object.fromEntries(numbers));
}

/** z0, z1 … by name. */
export function byName<T>(latents: readonly T[]): Record<string, T> {
  return Object.fromEntries(latents.map((z, l) => [`z${l}`, z]));
}
