import type { Ops } from '../arithmetic/ops.js';
import { type Float64Tensor, filled, type Named } from '../arithmetic/tensor.js';
import type { GlowConfig } from '../model/config.js';
import { inputsWithBorder, oddThenEven, outputSpecs, outputWeights } from './conditioner.js';
import type { LayerParams, ParamSpec } from './layer.js';

/**
 * The normal distribution of one level's latent z: mean and log standard deviation, as images that stretch to z's
 * shape. Public latents are (z − mean)/sd, so they are N(0, I) for every prior.
 */
export interface Prior {
  /** Parameter names are relative to `place`, which is empty at the model's top. */
  readonly place: string;
  readonly params: readonly ParamSpec[];
  initialParams(): Named<Float64Tensor>;
  weights<T>(ops: Ops<T>, params: LayerParams<T>): Named<T>;
  /**
   * @param context the half that continues; at the top, any image with z's height and width.
   * @param label one-hot image batch × classes × 1 × 1, for a class-conditional top.
   * @returns undefined for N(0, I).
   */
  distribution<T>(ops: Ops<T>, w: Named<T>, context: T, label?: T): { mean: T; logSd: T } | undefined;
}

/** N(0, I). */
export function standardPrior(place: string): Prior {
  return { place, params: [], initialParams: () => ({}), weights: () => ({}), distribution: () => undefined };
}

/**
 * Mean and log-sd by a conv3×3 with output gain that starts at zero. At a split its input is the half that continues.
 * At the top (`ofZeros`, imports) its input is an image of zeros, so only the padding makes it vary over space. The
 * output has the halves (mean, log-sd); at an interleaved split mean is the even channels and log-sd the odd channels.
 * With classes, the label's row of a table [classes, 2·latent] is added: at the top, and with `splitClasses` at splits.
 * With prior `bounded`, log-sd is 4·tanh(output/4), so no picture makes a standard deviation vanish or overflow.
 * Source: Kingma & Dhariwal 2018, official code `split2d_prior` and `prior`.
 */
export function convPrior(
  place: string,
  config: Pick<GlowConfig, 'padding' | 'parameterOrder' | 'classes' | 'splitClasses' | 'prior'>,
  channels: { context: number; latent: number },
  ofZeros: boolean,
): Prior {
  const { padding } = config;
  const outputs = 2 * channels.latent;
  const shape = [outputs, inputsWithBorder(channels.context, padding), 3, 3];
  const interleaved = config.parameterOrder === 'interleaved' && !ofZeros;
  const classes = ofZeros || config.splitClasses ? config.classes : 0;
  const params: ParamSpec[] = [
    ...outputSpecs('', shape, true),
    ...(classes > 0 ? [{ name: 'classes', shape: [classes, outputs], kind: 'trainable' } as const] : []),
  ];
  return {
    place,
    params,
    initialParams: () => Object.fromEntries(params.map((spec) => [spec.name, filled(spec.shape)])),
    weights(ops, { trainable }) {
      const conv = outputWeights(ops, trainable, '', outputs, true);
      const ordered = interleaved ? oddThenEven(ops, conv, shape) : conv;
      if (classes === 0) return ordered;
      const table = { weight: ops.transpose(trainable.classes), bias: conv.bias }; // outputs × classes
      const { weight } = interleaved ? oddThenEven(ops, table, [outputs, classes]) : table;
      return { ...ordered, classes: weight };
    },
    distribution(ops, w, context, label) {
      const common = (ofZeros ? ops.conv3x3OfZeros : ops.conv3x3)(context, w.weight, w.bias, padding);
      const output = classes > 0 ? ops.add(common, ofLabel(ops, w.classes, label, classes)) : common;
      const [first, second] = ops.split(output, channels.latent);
      const [mean, free] = interleaved ? [second, first] : [first, second];
      return { mean, logSd: config.prior === 'bounded' ? boundedLogSd(ops, free) : free };
    },
  };
}

/** Mean and log-sd per channel at the top. With classes, the label's row of a table [classes, 2·channels] is added. */
export function channelPrior(channels: number, classes: number): Prior {
  const params: ParamSpec[] = [
    { name: 'prior.mean', shape: [channels], kind: 'trainable' },
    { name: 'prior.logSd', shape: [channels], kind: 'trainable' },
    ...(classes > 0
      ? [{ name: 'prior.classes', shape: [classes, 2 * channels], kind: 'trainable' } as const]
      : []),
  ];
  return {
    place: '',
    params,
    initialParams: () => Object.fromEntries(params.map((spec) => [spec.name, filled(spec.shape)])),
    weights: (ops, { trainable }) => ({
      mean: trainable['prior.mean'],
      logSd: trainable['prior.logSd'],
      ...(classes > 0 ? { classes: ops.transpose(trainable['prior.classes']) } : {}),
    }),
    distribution(ops, w, _context, label) {
      const common = { mean: ops.perChannel(w.mean), logSd: ops.perChannel(w.logSd) }; // 1 × channels × 1 × 1
      if (classes === 0) return common;
      const [mean, logSd] = ops.split(ofLabel(ops, w.classes, label, classes), channels); // batch × channels × 1 × 1
      return { mean: ops.add(common.mean, mean), logSd: ops.add(common.logSd, logSd) };
    },
  };
}

/** −4 … 4. */
function boundedLogSd<T>(ops: Ops<T>, output: T): T {
  return ops.scale(ops.tanh(ops.scale(output, 1 / 4)), 4);
}

/** The label's column of a table [outputs, classes], as an image of one pixel. */
function ofLabel<T>(ops: Ops<T>, table: T, label: T | undefined, classes: number): T {
  if (label !== undefined) return ops.conv1x1(label, table);
  throw new TypeError(`prior: this model has ${classes} classes and needs a label; pass a one-hot label`);
}
