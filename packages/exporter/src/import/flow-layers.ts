import { type Float64Tensor, type GlowConfig, type Named, presets, tensor } from '@glow-onnx/flow';
import { filled, latentChannels, sizeOf } from '@glow-onnx/flow/internal';
import type { ForeignWeights } from './foreign-weights.js';
import type { ImportedModel, Layout } from './layout.js';
import { stepLayout } from './step-layout.js';
import type { SignedActnorm, StepPlaces } from './step-names.js';
import { listedPlaces } from './step-places.js';

/** Where two PyTorch programs differ whose models are the official Glow as a list `flow.layers`, padded with zeros. */
interface Differences<Name extends string> {
  readonly name: Name;
  readonly program: string;
  readonly bits: number;
  readonly offset?: number;
  /** The conditioner in a step. */
  readonly net: string;
  /** What a wrapped convolution or linear layer has before `weight` and `bias`. */
  readonly conv: string;
  readonly linear: string;
  /** The LU factors in `invconv`. */
  readonly lower: string;
  readonly upper: string;
  /** The convolution of the top prior. */
  readonly top: string;
}

/** github.com/chaiyujin/glow-pytorch: `{graph: …}` with `flow.layers.<n>.{actnorm,invconv,f}`; its x are p/255. */
export const chaiyujinLayout = flowLayers({
  name: 'chaiyujin',
  program: 'github.com/chaiyujin/glow-pytorch at 487a6b1',
  bits: 8,
  offset: 0.5,
  net: 'f',
  conv: '',
  linear: '',
  lower: 'l',
  upper: 'u',
  top: 'learn_top',
});

/** github.com/y0ast/Glow-PyTorch: `flow.layers.<n>.{actnorm,invconv,block}`. */
export const y0astLayout = flowLayers({
  name: 'y0ast',
  program: 'github.com/y0ast/Glow-PyTorch at 13c7b01',
  bits: 8,
  net: 'block',
  conv: 'conv.',
  linear: 'linear.',
  lower: 'lower',
  upper: 'upper',
  top: 'learn_top_fn',
});

/** y = (x + bias)·exp(logs). */
export function readCentredActnorm(
  weights: ForeignWeights,
  place: string,
  channels: number,
): Omit<SignedActnorm, 'sign'> {
  const logScale = weights.take(`${place}logs`, [channels]);
  const { data } = weights.take(`${place}bias`, [channels]);
  return {
    logScale,
    bias: tensor(
      [channels],
      data.map((b, c) => b * Math.exp(logScale.data[c])),
    ),
  };
}

function flowLayers<Name extends string>(names: Differences<Name>): Layout<Name> {
  const { net, conv, linear, top } = names;
  const anchor = new RegExp(
    `^(|.*?\\.)flow\\.layers\\.(\\d{1,4})\\.${net}\\.0\\.${conv.replace('.', '\\.')}weight$`,
  );
  return {
    ...stepLayout({
      name: names.name,
      program: names.program,
      example: `flow.layers.<n>.${net}.0.${conv}weight`,
      anchor,
      ignored: /^prior_h$/,
      choices: (weights) => ({
        ...presets.openai,
        padding: 'zeros',
        topPrior: 'channel',
        classes: weights.has(`project_ycond.${linear}weight`)
          ? weights.shapeOf(`project_ycond.${linear}weight`)[1]
          : 0,
      }),
      bits: names.bits,
      ...(names.offset !== undefined && { offset: names.offset }),
      places: (found) => listedPlaces(found, anchor, (layer) => `flow.layers.${layer}.`, names.name),
      conv1x1: {
        full: 'invconv.weight',
        lu: {
          permutation: 'invconv.p',
          lower: `invconv.${names.lower}`,
          upper: `invconv.${names.upper}`,
          logScale: 'invconv.log_s',
          sign: 'invconv.sign_s',
        },
        indices: 'shuffle.indices',
        without: 'reverse',
      },
      actnorm: 'actnorm.logs',
      readActnorm: (weights, place, channels) => ({
        ...readCentredActnorm(weights, `${place}actnorm.`, channels),
        sign: filled([channels], 1),
      }),
      convs: () => [`${net}.0.${conv}weight`, `${net}.2.${conv}weight`, `${net}.4.${conv}weight`],
      readAfterConv(weights, place, index, outputs) {
        if (index === 2) {
          return {
            bias: weights.take(`${place}${net}.4.${conv}bias`, [outputs]),
            gain: weights.take(`${place}${net}.4.logs`, [outputs]),
          };
        }
        const { logScale, bias } = readCentredActnorm(
          weights,
          `${place}${net}.${2 * index}.actnorm.`,
          outputs,
        );
        return { 'actnorm.logScale': logScale, 'actnorm.bias': bias };
      },
      readPriors(weights, config, places) {
        return {
          ...readSplitPriors(weights, config, places, conv),
          ...readTopPrior(weights, config, { conv, linear, top }),
        };
      },
    }),
    notes: ({ config }: ImportedModel) =>
      config.conv1x1 === 'reverse'
        ? [
            'the weights have no 1×1 convolutions: took the channels as reversed; if the model shuffles them, ' +
              'save the indices too (docs/import.md)',
          ]
        : [],
  };
}

/** The convolution of a split is the layer after the level's last step. */
function readSplitPriors(
  weights: ForeignWeights,
  config: GlowConfig,
  places: StepPlaces,
  conv: string,
): Named<Float64Tensor> {
  const found: Record<string, Float64Tensor> = {};
  places.slice(0, -1).forEach((steps, level) => {
    const latent = latentChannels(config, level);
    const from = `flow.layers.${Number(steps.at(-1)?.split('.')[2]) + 1}.conv.`;
    const to = `levels.${level}.prior`;
    found[`${to}.weight`] = weights.take(`${from}${conv}weight`, [2 * latent, latent, 3, 3]);
    found[`${to}.bias`] = weights.take(`${from}${conv}bias`, [2 * latent]);
    found[`${to}.gain`] = weights.take(`${from}logs`, [2 * latent]);
  });
  return found;
}

/**
 * The top: a convolution of zeros padded with zeros, of which the bias remains, plus a linear map of the label; both
 * times exp(3·logs). Halves (mean, log-sd).
 */
function readTopPrior(
  weights: ForeignWeights,
  config: GlowConfig,
  { conv, linear, top }: Pick<Differences<string>, 'conv' | 'linear' | 'top'>,
): Named<Float64Tensor> {
  const { levels, classes } = config;
  const latent = latentChannels(config, levels - 1);
  const outputs = 2 * latent;
  const common = filled([outputs]);
  const add = (layer: string, kind: string): Float64Array => {
    const { data: bias } = weights.take(`${layer}.${kind}bias`, [outputs]);
    const { data: logs } = weights.take(`${layer}.logs`, [outputs]);
    const factor = logs.map((s) => Math.exp(3 * s));
    bias.forEach((b, i) => {
      common.data[i] += b * factor[i];
    });
    return factor;
  };
  if (weights.has(`${top}.${conv}weight`)) {
    weights.take(`${top}.${conv}weight`, [outputs, outputs, 3, 3]); // times zero
    add(top, conv);
  }
  const table: Record<string, Float64Tensor> = {};
  if (classes > 0) {
    const factor = add('project_ycond', linear);
    const { data } = weights.take(`project_ycond.${linear}weight`, [outputs, classes]);
    table['prior.classes'] = tensor(
      [classes, outputs],
      Float64Array.from({ length: sizeOf([classes, outputs]) }, (_, at) => {
        const output = at % outputs;
        return factor[output] * data[output * classes + Math.floor(at / outputs)];
      }),
    );
  }
  return {
    'prior.mean': tensor([latent], common.data.slice(0, latent)),
    'prior.logSd': tensor([latent], common.data.slice(latent)),
    ...table,
  };
}
