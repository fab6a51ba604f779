import { type Float64Tensor, type GlowConfig, presets, tensor } from '@glow-onnx/flow';
import { filled, latentChannels } from '@glow-onnx/flow/internal';
import type { ForeignWeights } from './foreign-weights.js';
import type { ImportedModel } from './layout.js';
import { stepLayout } from './step-layout.js';
import { numberedPlaces } from './step-places.js';

const anchor = /^(|.*?\.)flows\.(\d{1,4})\.(\d{1,4})\.flows\.0\.flows\.1\.param_map\.net\.0\.weight$/;
const net = 'flows.0.flows.1.param_map.net';

/**
 * `MultiscaleFlow` of `GlowBlock`s: `flows.<level>.<step>.flows.{0,1,2}` are coupling, 1×1 convolution and actnorm, from
 * z to x, so the first level is our last. A block subtracts its shift on the way to z. `q0.<level>` are `GlowBase` or
 * `DiagGaussian`. Source: github.com/VincentStimper/normalizing-flows.
 */
export const normflowsLayout = {
  ...stepLayout({
    name: 'normflows',
    program: 'normflows 1.7.3 of PyPI',
    example: `flows.<level>.<step>.${net}.0.weight`,
    anchor,
    ignored: /\.(eye|data_dep_init_done)$/,
    choices: (weights) => ({
      ...presets.openai,
      padding: 'zeros',
      topPrior: 'channel',
      outputGain: false,
      hiddenActnorm: hasHiddenActnorm(weights),
      ...classesOf(weights),
    }),
    bits: 8,
    offset: 0.5,
    places: (names) =>
      numberedPlaces(names, anchor, (level, step) => `flows.${level}.${step}.`, 'normflows')
        .map((steps) => steps.toReversed())
        .toReversed(),
    conv1x1: {
      full: 'flows.1.W',
      lu: {
        permutation: 'flows.1.P',
        lower: 'flows.1.L',
        upper: 'flows.1.U',
        logScale: 'flows.1.log_S',
        sign: 'flows.1.sign_S',
      },
    },
    actnorm: 'flows.2.s',
    actnormFlag: 'flows.2.data_dep_init_done',
    readActnorm(weights, place, channels) {
      const { data: s } = weights.take(`${place}flows.2.s`, [channels]);
      const { data: t } = weights.take(`${place}flows.2.t`, [channels]);
      return {
        logScale: vector(s.map((v) => -v)),
        bias: vector(t.map((v, i) => -v * Math.exp(-s[i]))),
        sign: filled([channels], 1),
      };
    },
    convs(weights) {
      const [second, third] = hasHiddenActnorm(weights) ? [3, 6] : [2, 4];
      return [`${net}.0.weight`, `${net}.${second}.weight`, `${net}.${third}.weight`];
    },
    readAfterConv(weights, place, index, outputs) {
      if (index === 2 || !hasHiddenActnorm(weights)) {
        const layer = index * (hasHiddenActnorm(weights) ? 3 : 2);
        return { bias: weights.take(`${place}${net}.${layer}.bias`, [outputs]) };
      }
      const actnorm = `${place}${net}.${3 * index + 1}.actNorm`;
      return {
        'actnorm.logScale': weights.take(`${actnorm}.s`, [outputs]),
        'actnorm.bias': weights.take(`${actnorm}.t`, [outputs]),
      };
    },
    subtractsShift: true,
    readPriors(weights, config) {
      const found: Record<string, Float64Tensor> = {};
      for (let level = 0; level < config.levels; level++) {
        const latent = latentChannels(config, level);
        const { mean, logSd, classes } = readBase(weights, config, level, latent);
        if (level === config.levels - 1) {
          found['prior.mean'] = mean;
          found['prior.logSd'] = logSd;
          if (classes) found['prior.classes'] = alongRows(classes.mean, classes.logSd, 'halves');
          continue;
        }
        const to = `levels.${level}.prior`;
        const row = { shape: [1, latent] };
        const bias = alongRows({ ...mean, ...row }, { ...logSd, ...row }, 'interleaved');
        found[`${to}.weight`] = filled([2 * latent, latent, 3, 3]);
        found[`${to}.bias`] = tensor([2 * latent], bias.data);
        found[`${to}.gain`] = filled([2 * latent]);
        if (classes) found[`${to}.classes`] = alongRows(classes.mean, classes.logSd, 'interleaved');
      }
      return found;
    },
  }),
  notes: ({ config }: ImportedModel) =>
    config.coupling === 'additive'
      ? []
      : ['took the couplings as scale_map="sigmoid", the default of normflows; the weights do not tell'],
};

const vector = (data: Float64Array): Float64Tensor => tensor([data.length], data);

const hasHiddenActnorm = ({ names }: ForeignWeights): boolean =>
  names.some((name) => name.endsWith(`${net}.1.actNorm.s`));

/** The number of classes, and whether bases before the top depend on them. */
function classesOf({ names, shapeOf }: ForeignWeights): Pick<GlowConfig, 'classes' | 'splitClasses'> {
  const tables = names.filter((name) => /^q0\.\d{1,4}\.loc_cc$/.test(name));
  const [first] = tables;
  if (first === undefined) return { classes: 0, splitClasses: false };
  return {
    classes: shapeOf(first)[0] as number,
    splitClasses: tables.some((name) => name !== 'q0.0.loc_cc'),
  };
}

/** Mean and log-sd of a level's latent, [channels], and what a class adds to both, [classes, channels]. */
function readBase(weights: ForeignWeights, config: GlowConfig, level: number, latent: number) {
  const base = `q0.${config.levels - 1 - level}`;
  const table = [config.classes, latent];
  const none = { mean: filled(table), logSd: filled(table) };
  const needed = config.classes > 0 && (level === config.levels - 1 || config.splitClasses);
  if (!weights.has(`${base}.loc_logs`)) {
    return {
      mean: vector(samePixels(weights, `${base}.loc`, latent)),
      logSd: vector(samePixels(weights, `${base}.log_scale`, latent)),
      classes: needed ? none : undefined,
    };
  }
  const scaled = (name: string): Float64Tensor => {
    const { data: logs } = weights.take(`${base}.${name}_logs`, [latent]);
    return vector(weights.take(`${base}.${name}`, [latent]).data.map((v, i) => v * Math.exp(3 * logs[i])));
  };
  const classes = weights.has(`${base}.loc_cc`)
    ? { mean: weights.take(`${base}.loc_cc`, table), logSd: weights.take(`${base}.log_scale_cc`, table) }
    : needed
      ? none
      : undefined;
  return { mean: scaled('loc'), logSd: scaled('log_scale'), classes };
}

/** Each row of a [rows, n], and that of b: one after the other, or in turn. */
function alongRows(a: Float64Tensor, b: Float64Tensor, order: GlowConfig['parameterOrder']): Float64Tensor {
  const [count, n] = a.shape as [number, number];
  const at = (row: number, i: number): number => {
    const [half, channel] = order === 'halves' ? [Math.floor(i / n), i % n] : [i % 2, i >> 1];
    return (half ? b : a).data[row * n + channel];
  };
  return tensor(
    [count, 2 * n],
    Float64Array.from({ length: count * 2 * n }, (_, i) => at(Math.floor(i / (2 * n)), i % (2 * n))),
  );
}

/** One number for each channel of a base [1, channels, height, width]. @throws RangeError if its pixels differ. */
function samePixels(weights: ForeignWeights, name: string, channels: number): Float64Array {
  const shape = weights.shapeOf(name);
  if (shape.length !== 4 || shape[0] !== 1) {
    throw new RangeError(
      `${weights.where(name)}: expected shape [1, ${channels}, height, width] of a DiagGaussian or GlowBase, got ` +
        `[${shape.join(', ')}]; here a base has one mean for each channel, or one for each class and channel (GlowBase)`,
    );
  }
  const { data } = weights.take(name, [1, channels, shape[2], shape[3]]);
  const pixels = shape[2] * shape[3];
  data.forEach((v, at) => {
    if (v !== data[Math.floor(at / pixels) * pixels]) {
      throw new RangeError(
        `${weights.where(name)}: its pixels differ; here a base has one mean and one sd for each channel (GlowBase)`,
      );
    }
  });
  return Float64Array.from({ length: channels }, (_, c) => data[c * pixels]);
}
