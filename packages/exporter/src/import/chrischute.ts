import { type Float64Tensor, float64Ops, presets, tensor } from '@glow-onnx/flow';
import { filled, sizeOf } from '@glow-onnx/flow/internal';
import { readCentredActnorm } from './flow-layers.js';
import type { ForeignWeights } from './foreign-weights.js';
import type { ImportedModel, Layout } from './layout.js';
import { stepLayout } from './step-layout.js';
import { numberedPlaces } from './step-places.js';

const anchor = /^(|.*?\.)flows\.((?:next\.){0,9})steps\.(\d{1,4})\.coup\.nn\.in_conv\.weight$/;
/** A name as the numbers of its level and step: a level is inside the one before it, under `next`. */
const numbered = (name: string): string => {
  const match = anchor.exec(name);
  return match ? `${(match[2] as string).length / 'next.'.length}.${match[3]}` : '';
};

/** Of PyTorch's BatchNorm2d, added to a variance. */
const epsilon = 1e-5;

const steps = stepLayout({
  name: 'chrischute',
  program: 'github.com/chrischute/glow at faffa5b',
  example: 'flows.next.steps.<step>.coup.nn.in_conv.weight',
  anchor,
  ignored: /\.num_batches_tracked$/,
  choices: (weights) => ({
    ...presets.tutorial,
    logitRange: weights.take('bounds', [1]).data[0],
    coupling: 'scaled-tanh',
    inputRelu: true,
    hiddenInit: 'normal',
    classes: 0,
  }),
  bits: 8,
  places: (names) =>
    numberedPlaces(
      names.map(numbered),
      /^()(\d+)\.(\d+)$/,
      (level, step) => `flows.${'next.'.repeat(level)}steps.${step}.`,
      'chrischute',
    ),
  conv1x1: { full: 'conv.weight' },
  actnorm: 'norm.logs',
  actnormFlag: 'norm.is_initialized',
  readActnorm: (weights, place, channels) => ({
    ...readCentredActnorm(weights, `${place}norm.`, channels),
    sign: filled([channels], 1),
  }),
  convs: () => ['coup.nn.in_conv.weight', 'coup.nn.mid_conv.weight', 'coup.nn.out_conv.weight'],
  readAfterConv(weights, place, index, outputs) {
    if (index === 2) return { bias: weights.take(`${place}coup.nn.out_conv.bias`, [outputs]) };
    const { scale, bias } = readBatchNorm(weights, `${place}coup.nn.${['mid', 'out'][index]}_norm`, outputs);
    return { factor: scale, bias };
  },
  readCoupling(weights, place, half) {
    const { scale, bias } = readBatchNorm(weights, `${place}coup.nn.in_norm`, half);
    return {
      'input.scale': scale,
      'input.bias': bias,
      scale: weights.take(`${place}coup.scale`, [half]),
    };
  },
});

/**
 * `flows.steps.<step>`, `flows.next.steps.<step>` … `.{norm,conv,coup}`. A coupling changes the first half, (b + t)·exp(scale·
 * tanh(s)), by a network with batch norms and ReLUs before its convolutions; the model sees logits of pixels. Batch norms
 * are as in evaluation. Source: github.com/chrischute/glow.
 */
export const chrischuteLayout: Layout<'chrischute'> = {
  ...steps,
  read: (weights, overrides) => inOurOrder(steps.read(weights, overrides)),
};

/** A batch norm in evaluation as scale·x + bias. */
function readBatchNorm(weights: ForeignWeights, place: string, channels: number) {
  const take = (name: string): Float64Array => weights.take(`${place}.${name}`, [channels]).data;
  const [weight, bias, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map(take);
  if (variance.some((v) => v < 0)) {
    throw new RangeError(
      `${weights.where(`${place}.running_var`)}: expected variances, got negative numbers`,
    );
  }
  const scale = weight.map((w, i) => w / Math.sqrt(variance[i] + epsilon));
  return {
    scale: tensor([channels], scale),
    bias: tensor(
      [channels],
      bias.map((b, i) => b - scale[i] * mean[i]),
    ),
  };
}

/**
 * The program changes the first half of the channels and gives s as even and t as odd channels. Here the second half is
 * changed, so the halves are exchanged before the first coupling of a level, and the latents of the top stay exchanged.
 */
function inOurOrder({ config, params }: ImportedModel): ImportedModel {
  const trainable: Record<string, Float64Tensor> = { ...params.trainable };
  for (const [name, value] of Object.entries(trainable)) {
    if (/\.conv3\.(weight|bias)$/.test(name)) trainable[name] = rows(value, evenThenOdd);
    const isFirst = name.includes('.steps.0.');
    if (name.endsWith('.conv1x1.weight')) {
      const moved = rows(value, exchanged);
      trainable[name] = isFirst ? moved : columns(moved, exchanged);
    } else if (/\.actnorm\.\w+$/.test(name) && !isFirst) trainable[name] = rows(value, exchanged);
  }
  return { config, params: { ...params, trainable } };
}

const evenThenOdd = (i: number, n: number): number => (i < n / 2 ? 2 * i : 2 * i - n + 1);
const exchanged = (i: number, n: number): number => (i + n / 2) % n;

/** Row i of the result is row from(i, count). */
function rows({ shape, data }: Float64Tensor, from: (i: number, count: number) => number): Float64Tensor {
  const [count] = shape;
  const size = sizeOf(shape) / count;
  return tensor(
    shape,
    data.map((_, at) => data[from(Math.floor(at / size), count) * size + (at % size)]),
  );
}

const columns = (matrix: Float64Tensor, from: (i: number, count: number) => number): Float64Tensor =>
  float64Ops.transpose(rows(float64Ops.transpose(matrix), from));
