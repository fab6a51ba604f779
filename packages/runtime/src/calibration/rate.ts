import type { Rule } from '@glow-onnx/flow/manifest';

/**
 * A rate of alarms on good images, for which the most values that a calibration may have can be enough. It has a file of
 * its own, because the options of `score` are checked before a page loads the code of calibrations.
 */
export const aRate: Rule = {
  expected: 'a rate from 0.00001 up, below 1, such as 0.01',
  type: 'number',
  holds: (value) => (value as number) >= 1e-5 && (value as number) < 1,
};
