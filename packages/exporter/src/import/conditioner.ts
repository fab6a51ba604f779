import type { Float64Tensor, GlowConfig, Named } from '@glow-onnx/flow';
import { filled, sizeOf } from '@glow-onnx/flow/internal';
import type { ForeignWeights } from './foreign-weights.js';
import type { StepNames } from './step-names.js';

/** Parameters of one coupling, by our names. `channels` are those of the step. */
export function readConditioner(
  weights: ForeignWeights,
  layout: StepNames,
  place: string,
  config: GlowConfig,
  channels: number,
): Named<Float64Tensor> {
  const hidden = config.hiddenChannels;
  const outputs = config.coupling === 'additive' ? channels / 2 : channels;
  const net = `${place}.coupling.net`;
  const [first] = weights.shapeOf(`${net}.0.weight`);
  const [second] = weights.shapeOf(`${net}.2.weight`);
  const last = layout.readLastConv(weights, place, outputs);
  return {
    'conv1.weight': widen(weights.take(`${net}.0.weight`, [first, channels / 2, 3, 3]), hidden, channels / 2),
    'conv1.bias': widen(weights.take(`${net}.0.bias`, [first]), hidden),
    'conv2.weight': widen(weights.take(`${net}.2.weight`, [second, first, 1, 1]), hidden, hidden),
    'conv2.bias': widen(weights.take(`${net}.2.bias`, [second]), hidden),
    'conv3.weight': widen(
      weights.take(`${place}.${layout.lastConv}`, [outputs, second, 3, 3]),
      outputs,
      hidden,
    ),
    ...Object.fromEntries(Object.entries(last).map(([name, value]) => [`conv3.${name}`, value])),
  };
}

/** Adds outputs and inputs of zeros to a weight [out, in, h, w] or a bias [out]. ReLU keeps the added channels zero. */
function widen(weight: Float64Tensor, outputs: number, inputs = 1): Float64Tensor {
  const [from, width = 1, ...kernel] = weight.shape;
  if (from === outputs && width === inputs) return weight;
  const taps = sizeOf(kernel);
  const wide = filled(weight.shape.length === 1 ? [outputs] : [outputs, inputs, ...kernel]);
  for (let o = 0; o < from; o++) {
    wide.data.set(weight.data.subarray(o * width * taps, (o + 1) * width * taps), o * inputs * taps);
  }
  return wide;
}
