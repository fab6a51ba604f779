import { type Float64Tensor, type Named, tensor } from '@glow-onnx/flow';
import type { ForeignWeights } from './foreign-weights.js';
import { stepLayout } from './step-layout.js';
import type { SignedActnorm } from './step-names.js';

/**
 * The most used public port: `blocks.<level>.flows.<step>.{actnorm,invconv,coupling.net}`, actnorm
 * scale·(x + loc), last convolution {conv.weight, conv.bias, scale} padded with ones and times exp(3·scale),
 * `blocks.<level>.prior` the same kind of convolution. Source: github.com/rosinality/glow-pytorch.
 */
export const portLayout = stepLayout({
  name: 'port',
  program: 'github.com/rosinality/glow-pytorch',
  example: 'blocks.<level>.flows.<step>.actnorm.loc',
  anchor: /^(|.*?\.)blocks\.(\d{1,4})\.flows\.(\d{1,4})\./,
  ignored: /\.invconv\.(\w+_mask|l_eye)$/,
  preset: 'port',
  affineCoupling: 'sigmoid',
  bits: 5,
  place: (level, step) => `blocks.${level}.flows.${step}`,
  conv1x1: {
    permutation: 'invconv.w_p',
    lower: 'invconv.w_l',
    upper: 'invconv.w_u',
    logScale: 'invconv.w_s',
    sign: 'invconv.s_sign',
    full: 'invconv.weight',
  },
  actnorm: 'actnorm.scale',
  readActnorm,
  lastConv: 'coupling.net.4.conv.weight',
  readLastConv: (weights, place, outputs) => ({
    bias: weights.take(`${place}.coupling.net.4.conv.bias`, [outputs]),
    gain: weights.take(`${place}.coupling.net.4.scale`, [outputs]),
  }),
  readPrior(weights, level, { context, latent }): Named<Float64Tensor> {
    const outputs = 2 * latent; // halves (mean, log-sd), as ours
    return {
      weight: weights.take(`blocks.${level}.prior.conv.weight`, [outputs, context, 3, 3]),
      bias: weights.take(`blocks.${level}.prior.conv.bias`, [outputs]),
      gain: weights.take(`blocks.${level}.prior.scale`, [outputs]),
    };
  },
});

/** scale·(x + loc) = sign·(|scale|·x + |scale|·loc). @throws RangeError if a scale is zero. */
function readActnorm(weights: ForeignWeights, place: string, channels: number): SignedActnorm {
  const { data: scale } = weights.take(`${place}.actnorm.scale`, [channels]);
  const { data: loc } = weights.take(`${place}.actnorm.loc`, [channels]);
  const zero = scale.indexOf(0);
  if (zero >= 0) {
    throw new RangeError(
      `${weights.where(`${place}.actnorm.scale`)} is 0 at channel ${zero}: not invertible`,
    );
  }
  const perChannel = (f: (s: number, channel: number) => number) => tensor([channels], scale.map(f));
  return {
    logScale: perChannel((s) => Math.log(Math.abs(s))),
    bias: perChannel((s, channel) => Math.abs(s) * loc[channel]),
    sign: perChannel(Math.sign),
  };
}
