import type { GlowConfig } from '../config.js';
import type { LayerParams, ParamSpec } from '../layer.js';
import type { Ops } from '../ops.js';
import { type Float64Tensor, filled, type Named } from '../tensor.js';
import { inputsWithBorder, oddThenEven, outputSpecs, outputWeights } from './conditioner.js';

/**
 * The normal distribution of one level's latent z: mean and log standard deviation, images that stretch to
 * z's shape. Public latents are (z − mean)/sd, so N(0, I) whatever the prior.
 */
export interface Prior {
  /** Parameter names are relative to `place`, which is empty at the model's top. */
  readonly place: string;
  readonly params: readonly ParamSpec[];
  initialParams(): Named<Float64Tensor>;
  weights<T>(ops: Ops<T>, params: LayerParams<T>): Named<T>;
  /**
   * @param context the half that goes on; at the top, where nothing does, any image of z's height and width.
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
 * Mean and log-sd by a zero-initialised conv3×3 with output gain: at a split of the half that goes on; at the
 * top (`ofZeros`, imports) of an image of zeros, so that only its padding makes it vary over space.
 * Halves (mean, log-sd), or at an interleaved split even channels and odd ones.
 * Source: Kingma & Dhariwal 2018, official code `split2d_prior` and `prior`.
 */
export function convPrior(
  place: string,
  config: Pick<GlowConfig, 'padding' | 'parameterOrder'>,
  channels: { context: number; latent: number },
  ofZeros: boolean,
): Prior {
  const { padding } = config;
  const outputs = 2 * channels.latent;
  const shape = [outputs, inputsWithBorder(channels.context, padding), 3, 3];
  const interleaved = config.parameterOrder === 'interleaved' && !ofZeros;
  const params = outputSpecs('', shape, true);
  return {
    place,
    params,
    initialParams: () => Object.fromEntries(params.map((spec) => [spec.name, filled(spec.shape)])),
    weights(ops, { trainable }) {
      const conv = outputWeights(ops, trainable, '', outputs, true);
      return interleaved ? oddThenEven(ops, conv, shape) : conv;
    },
    distribution(ops, { weight, bias }, context) {
      const output = (ofZeros ? ops.conv3x3OfZeros : ops.conv3x3)(context, weight, bias, padding);
      const [first, second] = ops.split(output, channels.latent);
      return interleaved ? { mean: second, logSd: first } : { mean: first, logSd: second };
    },
  };
}

/** Mean and log-sd per channel at the top, plus, with classes, the label's row of a table [classes, 2·channels]. */
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
      if (label === undefined)
        throw new TypeError(`prior: this model has ${classes} classes and needs a label`);
      const [mean, logSd] = ops.split(ops.conv1x1(label, w.classes), channels); // batch × channels × 1 × 1
      return { mean: ops.add(common.mean, mean), logSd: ops.add(common.logSd, logSd) };
    },
  };
}
