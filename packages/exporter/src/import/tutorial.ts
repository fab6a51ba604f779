import { presets } from '@glow-onnx/flow';
import { filled } from '@glow-onnx/flow/internal';
import { stepLayout } from './step-layout.js';
import { numberedPlaces } from './step-places.js';

const anchor = /^(|.*?\.)flows\.(\d{1,4})\.(\d{1,4})\./;

/** The tutorial form: `flows.<level>.<step>.{actnorm,inv_conv,coupling.net}`, actnorm exp(log_s)·x + b. */
export const tutorialLayout = stepLayout({
  name: 'tutorial',
  program: 'the tutorial form',
  example: 'flows.<level>.<step>.actnorm.log_s',
  anchor,
  ignored: /\.inv_conv\.\w+_mask$/,
  choices: () => ({ ...presets.tutorial, classes: 0 }),
  bits: 8,
  places: (names) => numberedPlaces(names, anchor, (level, step) => `flows.${level}.${step}.`, 'tutorial'),
  conv1x1: {
    full: 'inv_conv.weight',
    lu: {
      permutation: 'inv_conv.P',
      lower: 'inv_conv.L',
      upper: 'inv_conv.U',
      logScale: 'inv_conv.log_diag',
      sign: 'inv_conv.sign_diag',
    },
  },
  actnorm: 'actnorm.log_s',
  actnormFlag: 'actnorm.initialized',
  readActnorm: (weights, place, channels) => ({
    logScale: weights.take(`${place}actnorm.log_s`, [channels]),
    bias: weights.take(`${place}actnorm.b`, [channels]),
    sign: filled([channels], 1),
  }),
  convs: () => ['coupling.net.0.weight', 'coupling.net.2.weight', 'coupling.net.4.weight'],
  readAfterConv: (weights, place, index, outputs) => ({
    bias: weights.take(`${place}coupling.net.${2 * index}.bias`, [outputs]),
  }),
});
