import { decode, encode, type Float64Tensor, type FlowWeights, type GlowConfig } from '@glow-onnx/flow';
import { latentChannels, takesPixels } from '@glow-onnx/flow/internal';
import { concat, constant, type Graph, graph, input, named, symbol } from '@glow-onnx/graph';
import { formatShape, isMiscomputed, scaleDim, unsqueeze } from '@glow-onnx/graph/internal';
import type { WeightedFlow } from './fold.js';
import { createOnnxOps } from './onnx-ops.js';
import type { ImageValue } from './portable-conv.js';

const batch = symbol('batch');
const height = symbol('height');
const width = symbol('width');

/** The encode graph: x (and label) → z0 …, log_prob, log_prob_levels. */
export function traceEncode(config: GlowConfig, flow: WeightedFlow): Graph {
  const x = input('x', 'float32', [batch, config.channels, height, width]);
  const label = labelInput(config);
  const weights = namedConstants(flow);
  const { latents, logProb, logProbLevels } = encode<ImageValue>(
    flow,
    createOnnxOps(config),
    x,
    weights,
    label,
  );
  const divisor = 2 ** config.levels;
  return checkPortable(
    graph({
      name: 'encode',
      doc: 'Image to latents and log density, exactly invertible by the decode graph.',
      inputs: label ? [x, label] : [x],
      outputs: {
        ...Object.fromEntries(latents.map((z, l) => [`z${l}`, z])),
        log_prob: logProb,
        log_prob_levels: concat(
          logProbLevels.map((level) => unsqueeze(level, [1])),
          1,
        ),
      },
      docs: {
        x: `${takesPixels(config) ? `Image: bin centres (q + 0.5)/2^${config.bits} - 0.5` : 'Numbers, as they are'}; height and width divisible by ${divisor}.`,
        label: 'Class, one-hot.',
        ...latentDocs(config),
        log_prob: 'Log density of x in nats.',
        log_prob_levels: 'What each level contributes to log_prob.',
      },
    }),
  );
}

/** The decode graph: z0 … (and label) → x. */
export function traceDecode(config: GlowConfig, flow: WeightedFlow): Graph {
  const latents = Array.from({ length: config.levels }, (_, l) => {
    const over = 2 ** (l + 1);
    const shape = [batch, latentChannels(config, l), scaleDim(height, 1, over), scaleDim(width, 1, over)];
    return input(`z${l}`, 'float32', shape);
  });
  const label = labelInput(config);
  const x = decode<ImageValue>(flow, createOnnxOps(config), latents, namedConstants(flow), label);
  return checkPortable(
    graph({
      name: 'decode',
      doc: 'Latents to image, the inverse of the encode graph.',
      inputs: label ? [...latents, label] : latents,
      outputs: { x },
      docs: {
        x: takesPixels(config) ? 'Image in model units; its bin is floor((x + 0.5)·2^bits).' : 'Numbers.',
        label: 'Class, one-hot.',
        ...latentDocs(config),
      },
    }),
  );
}

function labelInput({ classes }: GlowConfig) {
  return classes > 0 ? input('label', 'float32', [batch, classes, 1, 1]) : undefined;
}

function latentDocs({ levels }: GlowConfig): Record<string, string> {
  const place = (l: number) => (l === levels - 1 ? ', the coarsest' : l === 0 ? ', the finest' : '');
  return Object.fromEntries(
    Array.from({ length: levels }, (_, l) => [
      `z${l}`,
      `Latent of level ${l}${place(l)}; N(0, I) under the model.`,
    ]),
  );
}

/** Weights as constants with their full name and their storage. */
function namedConstants({ weights, storage = {} }: WeightedFlow): FlowWeights<ImageValue> {
  const perLayer = ([place, values]: [string, FlowWeights<Float64Tensor>[string]]) => [
    place,
    Object.fromEntries(
      Object.entries(values).map(([name, { shape, data }]) => {
        const full = `${place}.${name}`;
        const stored = storage[full];
        return [name, { ...named(constant(shape, data), full), ...(stored && { storage: stored }) }];
      }),
    ),
  ];
  return Object.fromEntries(Object.entries(weights).map(perLayer));
}

/** The last check for convolutions that WebGPU miscomputes. @throws Error if the graph has one. */
function checkPortable(built: Graph): Graph {
  const tensors = [...built.constants, ...built.nodes.map(({ output }) => output)];
  const shapes = new Map(tensors.map(({ name, shape }) => [name, shape]));
  for (const { operator, inputs, output } of built.nodes) {
    if (operator !== 'Conv') continue;
    const shape = (shapes.get(inputs[1]) ?? []) as readonly number[];
    if (shape[2] * shape[3] > 1 && isMiscomputed(shape[1])) {
      throw new Error(
        `${built.name}: convolution "${output.name}" with weight ${formatShape(shape)} would be miscomputed by WebGPU; ` +
          'write it with createOnnxOps, which widens its input',
      );
    }
  }
  return built;
}
