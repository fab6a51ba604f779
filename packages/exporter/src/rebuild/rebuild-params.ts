import {
  createGlow,
  type Float64Tensor,
  float64Ops,
  type GlowConfig,
  type LayerParams,
  type Named,
} from '@glow-onnx/flow';
import { filled, latentChannels } from '@glow-onnx/flow/internal';
import type { ChannelRange } from '../build/portable-conv.js';
import { interleave, kernel3x3, kernelOfZeros, ownInputs } from './kernels.js';
import type { StoredWeights } from './stored-weights.js';
import { inside, unfold } from './unfold.js';

/**
 * The parameters of a model from the folded weights of its fp32 encode graph, in float64. The flow is the same; where
 * folding multiplied factors into one weight, another split of the product may stand here: hidden actnorms and output
 * gains get the factor 1, `unfold` says what actnorm gets.
 * @throws RangeError naming a weight that is missing, or a step that is singular.
 */
export function rebuildParams(config: GlowConfig, weights: StoredWeights): LayerParams<Float64Tensor> {
  const found: Record<string, Float64Tensor> = {};
  const put = (place: string, values: Named<Float64Tensor>): void => {
    for (const [name, value] of Object.entries(values)) found[`${place}.${name}`] = value;
  };
  for (let level = 0; level < config.levels; level++) {
    for (let k = 0; k < config.steps; k++) {
      const step = `levels.${level}.steps.${k}`;
      put(step, readAffine(config, weights, level, k));
      put(step, inside('coupling', readConditioner(config, weights, level, `${step}.coupling`)));
    }
    Object.assign(found, readPrior(config, weights, level));
  }
  const ofKind = (kind: 'trainable' | 'fixed'): Named<Float64Tensor> =>
    Object.fromEntries(
      createGlow(config)
        .params.filter((spec) => spec.kind === kind)
        .map(({ name }) => [name, found[name]]),
    );
  return { trainable: ofKind('trainable'), fixed: ofKind('fixed') };
}

function channelsAt({ channels }: GlowConfig, level: number): number {
  return channels * 4 * 2 ** level;
}

/** The channels that continue after the split of a level. */
function rangeAfter(config: GlowConfig, level: number): ChannelRange {
  const half = latentChannels(config, level);
  return { of: 2 * half, from: config.splitLatent === 'first' ? half : 0 };
}

/** Actnorm and 1×1 convolution of a step. At a level's first step they include the squeeze. */
function readAffine(
  config: GlowConfig,
  weights: StoredWeights,
  level: number,
  k: number,
): Named<Float64Tensor> {
  const place = `levels.${level}.steps.${k}.conv1x1`;
  const n = channelsAt(config, level);
  const before: ChannelRange = level === 0 ? { of: config.channels, from: 0 } : rangeAfter(config, level - 1);
  const square = [n, n];
  // [o, 4i + 2dy + dx] of the matrix is [o, i, dy, dx] of the squeeze's kernel.
  const kernel = { outputs: n, inputs: n / 4, taps: 4 };
  const matrix =
    k === 0
      ? { shape: square, data: ownInputs(weights, `${place}.matrix`, kernel, before, 'whole').data }
      : weights.take(`${place}.matrix`, square);
  try {
    return unfold(config.conv1x1, matrix, weights.take(`${place}.bias`, [n]));
  } catch (cause) {
    throw new RangeError(`${place}: ${(cause as Error).message}`, { cause });
  }
}

function readConditioner(
  config: GlowConfig,
  weights: StoredWeights,
  level: number,
  place: string,
): Named<Float64Tensor> {
  const { hiddenChannels: hidden, padding, inputRelu, hiddenActnorm, outputGain, coupling } = config;
  const channels = channelsAt(config, level);
  const half = channels / 2;
  const outputs = coupling === 'additive' ? half : channels;
  const order = coupling === 'additive' ? 'halves' : config.parameterOrder;
  const name = (part: string): string => `${place}.${part}`;
  const firstPadding = padding === 'border' ? 'border' : 'zeros';
  const second = config.hiddenLayer === 'gated' ? 2 * hidden : hidden;
  const bias = (conv: 'conv1' | 'conv2', length: number): Named<Float64Tensor> => {
    const value = weights.take(name(`${conv}.bias`), [length]);
    if (!hiddenActnorm) return { [`${conv}.bias`]: value };
    return { [`${conv}.actnorm.logScale`]: filled([length]), [`${conv}.actnorm.bias`]: value };
  };
  const conv1 = { outputs: hidden, inputs: half };
  const conv3 = { outputs, inputs: hidden };
  const first = { of: inputRelu ? half : channels, from: 0 };
  const vector = (part: string): Named<Float64Tensor> => ({ [part]: weights.take(name(part), [half]) });
  return {
    ...(inputRelu && { ...vector('input.scale'), ...vector('input.bias') }),
    'conv1.weight': kernel3x3(weights, name('conv1.weight'), conv1, first, firstPadding),
    ...bias('conv1', hidden),
    'conv2.weight': weights.take(name('conv2.weight'), [second, hidden, 1, 1]),
    ...bias('conv2', second),
    'conv3.weight': interleave(
      order,
      kernel3x3(weights, name('conv3.weight'), conv3, { of: hidden, from: 0 }, padding),
    ),
    'conv3.bias': interleave(order, weights.take(name('conv3.bias'), [outputs])),
    ...(outputGain && { 'conv3.gain': filled([outputs]) }),
    ...(coupling === 'scaled-tanh' && vector('scale')),
  };
}

/** The parameters of a level's prior by full name; empty for N(0, I). */
function readPrior(config: GlowConfig, weights: StoredWeights, level: number): Named<Float64Tensor> {
  if (config.prior === 'standard') return {};
  const place = `levels.${level}.prior`;
  const latent = latentChannels(config, level);
  const top = level === config.levels - 1;
  if (top && config.topPrior === 'channel') return readChannelPrior(config, weights, place, latent);
  const outputs = 2 * latent;
  const shape = { outputs, inputs: latent };
  const order = top ? 'halves' : config.parameterOrder;
  const weight = top
    ? kernelOfZeros(weights, `${place}.weight`, shape, config.padding)
    : kernel3x3(weights, `${place}.weight`, shape, rangeAfter(config, level), config.padding);
  return inside(place, {
    weight: interleave(order, weight),
    bias: interleave(order, weights.take(`${place}.bias`, [outputs])),
    gain: filled([outputs]),
    ...((top || config.splitClasses) &&
      config.classes > 0 && { classes: readClasses(config, weights, place, outputs, order) }),
  });
}

function readChannelPrior(
  config: GlowConfig,
  weights: StoredWeights,
  place: string,
  latent: number,
): Named<Float64Tensor> {
  return {
    'prior.mean': weights.take(`${place}.mean`, [latent]),
    'prior.logSd': weights.take(`${place}.logSd`, [latent]),
    ...(config.classes > 0 && { 'prior.classes': readClasses(config, weights, place, 2 * latent) }),
  };
}

function readClasses(
  { classes }: GlowConfig,
  weights: StoredWeights,
  place: string,
  outputs: number,
  order: GlowConfig['parameterOrder'] = 'halves',
): Float64Tensor {
  return float64Ops.transpose(interleave(order, weights.take(`${place}.classes`, [outputs, classes])));
}
