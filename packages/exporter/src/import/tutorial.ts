import { filled } from '@glow-onnx/flow/internal';
import { stepLayout } from './step-layout.js';

/** The tutorial form: `flows.<level>.<step>.{actnorm,inv_conv,coupling.net}`, actnorm exp(log_s)·x + b. */
export const tutorialLayout = stepLayout({
  name: 'tutorial',
  program: 'the tutorial form',
  example: 'flows.<level>.<step>.actnorm.log_s',
  anchor: /^(|.*?\.)flows\.(\d{1,4})\.(\d{1,4})\./,
  ignored: /\.inv_conv\.\w+_mask$/,
  preset: 'tutorial',
  affineCoupling: 'tanh',
  bits: 8,
  place: (level, step) => `flows.${level}.${step}`,
  conv1x1: {
    permutation: 'inv_conv.P',
    lower: 'inv_conv.L',
    upper: 'inv_conv.U',
    logScale: 'inv_conv.log_diag',
    sign: 'inv_conv.sign_diag',
    full: 'inv_conv.weight',
  },
  actnorm: 'actnorm.log_s',
  readActnorm: (weights, place, channels) => ({
    logScale: weights.take(`${place}.actnorm.log_s`, [channels]),
    bias: weights.take(`${place}.actnorm.b`, [channels]),
    sign: filled([channels], 1),
  }),
  lastConv: 'coupling.net.4.weight',
  readLastConv: (weights, place, outputs) => ({
    bias: weights.take(`${place}.coupling.net.4.bias`, [outputs]),
  }),
});
