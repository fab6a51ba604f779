import { type Float64Tensor, presets, tensor } from '@glow-onnx/flow';
import { latentChannels } from '@glow-onnx/flow/internal';
import type { ForeignWeights } from './foreign-weights.js';
import { stepLayout } from './step-layout.js';
import type { SignedActnorm } from './step-names.js';
import { numberedPlaces } from './step-places.js';

const anchor = /^(|.*?\.)blocks\.(\d{1,4})\.flows\.(\d{1,4})\./;

/**
 * The most used public port: `blocks.<level>.flows.<step>.{actnorm,invconv,coupling.net}`, actnorm
 * scale·(x + loc), last convolution {conv.weight, conv.bias, scale} padded with ones and times exp(3·scale),
 * `blocks.<level>.prior` the same kind of convolution. Source: github.com/rosinality/glow-pytorch.
 */
export const portLayout = stepLayout({
  name: 'port',
  program: 'github.com/rosinality/glow-pytorch at 97081ff',
  example: 'blocks.<level>.flows.<step>.actnorm.loc',
  anchor,
  ignored: /\.invconv\.(\w+_mask|l_eye)$/,
  choices: () => ({ ...presets.port, classes: 0 }),
  bits: 5,
  places: (names) => numberedPlaces(names, anchor, (level, step) => `blocks.${level}.flows.${step}.`, 'port'),
  conv1x1: {
    full: 'invconv.weight',
    lu: {
      permutation: 'invconv.w_p',
      lower: 'invconv.w_l',
      upper: 'invconv.w_u',
      logScale: 'invconv.w_s',
      sign: 'invconv.s_sign',
    },
  },
  actnorm: 'actnorm.scale',
  actnormFlag: 'actnorm.initialized',
  readActnorm,
  convs: () => ['coupling.net.0.weight', 'coupling.net.2.weight', 'coupling.net.4.conv.weight'],
  readAfterConv: (weights, place, index, outputs) =>
    index < 2
      ? { bias: weights.take(`${place}coupling.net.${2 * index}.bias`, [outputs]) }
      : {
          bias: weights.take(`${place}coupling.net.4.conv.bias`, [outputs]),
          gain: weights.take(`${place}coupling.net.4.scale`, [outputs]),
        },
  readPriors(weights, config) {
    const found: Record<string, Float64Tensor> = {};
    for (let level = 0; level < config.levels; level++) {
      const latent = latentChannels(config, level);
      const from = `blocks.${level}.prior`;
      const to = `levels.${level}.prior`;
      const outputs = 2 * latent; // halves (mean, log-sd), as ours
      found[`${to}.weight`] = weights.take(`${from}.conv.weight`, [outputs, latent, 3, 3]);
      found[`${to}.bias`] = weights.take(`${from}.conv.bias`, [outputs]);
      found[`${to}.gain`] = weights.take(`${from}.scale`, [outputs]);
    }
    return found;
  },
});

/** scale·(x + loc) = sign·(|scale|·x + |scale|·loc). @throws RangeError if a scale is zero. */
function readActnorm(weights: ForeignWeights, place: string, channels: number): SignedActnorm {
  const { data: scale } = weights.take(`${place}actnorm.scale`, [channels]);
  const { data: loc } = weights.take(`${place}actnorm.loc`, [channels]);
  const zero = scale.indexOf(0);
  if (zero >= 0) {
    throw new RangeError(`${weights.where(`${place}actnorm.scale`)} is 0 at channel ${zero}: not invertible`);
  }
  const perChannel = (f: (s: number, channel: number) => number) => tensor([channels], scale.map(f));
  return {
    logScale: perChannel((s) => Math.log(Math.abs(s))),
    bias: perChannel((s, channel) => Math.abs(s) * loc[channel]),
    sign: perChannel(Math.sign),
  };
}
