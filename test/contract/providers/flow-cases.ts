import {
  createRandom,
  decode,
  encode,
  type Float64Tensor,
  float64Ops,
  type GlowConfig,
} from '@glow-onnx/flow';
import { latentShapes, type Precision } from '@glow-onnx/flow/internal';
import { encodeModel } from '@glow-onnx/graph';
import { byName, exported } from '../../support/exported-graphs.js';
import { labelsFor, randomTensor } from '../../support/random-params.js';
import { producer } from '../../support/run-graph.js';
import type { Case } from './run-graphs.js';

/** Both graphs of a model as cases, with what the float64 interpreter makes of the same inputs. */
export interface FlowCase {
  readonly name: string;
  readonly encode: Case;
  readonly decode: Case;
  readonly expected: {
    readonly encode: Readonly<Record<string, Float64Tensor>>;
    readonly decode: Readonly<Record<string, Float64Tensor>>;
  };
}

/** A learned prior sums over up to 576 inputs: with larger weights its exp(logSd) would overflow four levels up. */
const DEVIATION = 0.01;

/** A random model of this config on two images of the smallest size that is not square. */
export function flowCase(
  name: string,
  config: GlowConfig,
  seed: number,
  precision: Precision = 'fp32',
): FlowCase {
  const { glow, forward, inverse, encodeGraph, decodeGraph } = exported(config, seed, DEVIATION, precision);
  const random = createRandom(seed, 1);
  const unit = 2 ** config.levels;
  const [batch, height, width] = [2, unit, 2 * unit];
  const label = labelsFor(config.classes, batch);
  const labelled: Record<string, Float64Tensor> = label ? { label } : {};
  const x = randomTensor([batch, config.channels, height, width], random, 0.3);
  const z = latentShapes(config, batch, height, width).map((shape) => randomTensor(shape, random, 0.5));
  const { latents, logProb } = encode(glow, float64Ops, x, forward, label);
  const bytes = (graph: typeof encodeGraph) => encodeModel(graph, { producer });
  return {
    name,
    encode: { name: `${name}: encode`, model: bytes(encodeGraph), inputs: { x, ...labelled } },
    decode: { name: `${name}: decode`, model: bytes(decodeGraph), inputs: { ...byName(z), ...labelled } },
    expected: {
      encode: { ...byName(latents), log_prob: logProb },
      decode: { x: decode(glow, float64Ops, z, inverse, label) },
    },
  };
}
