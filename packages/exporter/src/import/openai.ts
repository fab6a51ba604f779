import { type Float64Tensor, type GlowConfig, type Named, presets, tensor } from '@glow-onnx/flow';
import { filled, latentChannels } from '@glow-onnx/flow/internal';
import { takeKernel } from './conditioner.js';
import type { ForeignWeights } from './foreign-weights.js';
import { stepLayout } from './step-layout.js';
import { numberedPlaces } from './step-places.js';

const anchor = /^(|.*?\/)model\/(\d{1,4})\/(\d{1,4})\/f1\/l_1\/W$/;
const kernelOrder = 'height × width × inputs × outputs';

/**
 * Official Glow, TensorFlow 1: `model/<level>/<step>/{actnorm_center,actnorm_scale,invconv,shuffle,f1}`, splits
 * `model/pool<level>/conv`, the top `model/prior/{p,y_emb}`. Actnorm is (x + b)·exp(3·logs). Convolutions are padded with
 * zeros and one more channel that is 1 outside the image. Source: github.com/openai/glow.
 */
export const openaiLayout = stepLayout({
  name: 'openai',
  program: 'github.com/openai/glow at 91b2c57',
  example: 'model/<level>/<step>/f1/l_1/W',
  anchor,
  ignored: /^model\/(classifier\/|.*\/(indices_inverse|biased|local_step)$)/,
  choices: (weights) => ({
    ...presets.openai,
    classes: weights.has('model/prior/y_emb/W') ? weights.shapeOf('model/prior/y_emb/W')[0] : 0,
  }),
  bits: 8,
  places: (names) => numberedPlaces(names, anchor, (level, step) => `model/${level}/${step}/`, 'openai'),
  conv1x1: { full: 'invconv/W', indices: 'shuffle/indices', without: 'reverse', transposed: true },
  actnorm: 'actnorm_scale/logs',
  readActnorm: (weights, place, channels) => ({
    ...readActnorm(weights, `${place}actnorm`, channels),
    sign: filled([channels], 1),
  }),
  convs: () => ['f1/l_1/W', 'f1/l_2/W', 'f1/l_last/W'],
  kernelOrder,
  readAfterConv(weights, place, index, outputs) {
    if (index === 2) {
      return {
        bias: weights.take(`${place}f1/l_last/b`, [outputs]),
        gain: weights.take(`${place}f1/l_last/logs`, [outputs]),
      };
    }
    const { logScale, bias } = readActnorm(weights, `${place}f1/l_${index + 1}/actnorm`, outputs);
    return { 'actnorm.logScale': logScale, 'actnorm.bias': bias };
  },
  readPriors(weights, config) {
    const found: Record<string, Float64Tensor> = {};
    for (let level = 0; level < config.levels - 1; level++) {
      const latent = latentChannels(config, level);
      const from = `model/pool${level}/conv`;
      const kernel = takeKernel(weights, { kernelOrder }, `${from}/W`, [2 * latent, latent + 1, 3, 3]);
      found[`levels.${level}.prior.weight`] = kernel;
      found[`levels.${level}.prior.bias`] = weights.take(`${from}/b`, [2 * latent]);
      found[`levels.${level}.prior.gain`] = weights.take(`${from}/logs`, [2 * latent]);
    }
    const top = Object.entries(readTop(weights, config));
    return {
      ...found,
      ...Object.fromEntries(top.map(([name, value]) => [`levels.${config.levels - 1}.prior.${name}`, value])),
    };
  },
});

/** (x + b)·exp(3·logs). */
function readActnorm(weights: ForeignWeights, place: string, channels: number) {
  const { data: logs } = weights.take(`${place}_scale/logs`, [channels]);
  const { data: b } = weights.take(`${place}_center/b`, [channels]);
  return {
    logScale: tensor(
      [channels],
      logs.map((s) => 3 * s),
    ),
    bias: tensor(
      [channels],
      b.map((v, i) => v * Math.exp(3 * logs[i])),
    ),
  };
}

/**
 * The learned top is a convolution of 2·latent zeros, so only the weights of its last input count, the border; ours has
 * latent zeros. The embedding of a label is its row of
 * (W + b)·exp(3·logs).
 */
function readTop(weights: ForeignWeights, config: GlowConfig): Named<Float64Tensor> {
  const latent = latentChannels(config, config.levels - 1);
  const outputs = 2 * latent;
  const weight = filled([outputs, latent + 1, 3, 3]);
  let [bias, gain] = [filled([outputs]), filled([outputs])];
  if (weights.has('model/prior/p/W')) {
    const { data } = takeKernel(weights, { kernelOrder }, 'model/prior/p/W', [outputs, outputs + 1, 3, 3]);
    for (let output = 0; output < outputs; output++) {
      const border = data.subarray((output * (outputs + 1) + outputs) * 9, (output + 1) * (outputs + 1) * 9);
      weight.data.set(border, (output * (latent + 1) + latent) * 9);
    }
    bias = weights.take('model/prior/p/b', [outputs]);
    gain = weights.take('model/prior/p/logs', [outputs]);
  }
  if (config.classes === 0) return { weight, bias, gain };
  const { data: table } = weights.take('model/prior/y_emb/W', [config.classes, outputs]);
  const { data: b } = weights.take('model/prior/y_emb/b', [outputs]);
  const { data: logs } = weights.take('model/prior/y_emb/logs', [outputs]);
  const row = (at: number): number => (table[at] + b[at % outputs]) * Math.exp(3 * logs[at % outputs]);
  return {
    weight,
    bias,
    gain,
    classes: tensor(
      [config.classes, outputs],
      table.map((_, at) => row(at)),
    ),
  };
}
