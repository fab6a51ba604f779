import type { Layer } from './layer.js';

/**
 * The logit of pixels: y = log(p) − log(1 − p) with p = ½ + range·x, so −½ … ½ becomes a finite interval and every y is an
 * image. logDet = Σ log(range) − log σ(y) − log σ(−y). No parameters.
 * x, y: batch × channels × height × width; |x| < ½/range, or y is not a number.
 * @param range above 0 and below 1; Dinh et al. have 1 − 2α.
 * @throws RangeError if `range` is another number.
 * Source: Dinh et al. 2017, §4.1.
 */
export function logit(range: number): Layer {
  if (!(range > 0 && range < 1))
    throw new RangeError(`logit: range must be above 0 and below 1, got ${range}`);
  return {
    params: [],
    initialParams: () => ({}),
    forwardWeights: () => ({}),
    inverseWeights: () => ({}),
    forward(ops, x) {
      const y = ops.sub(ops.log(ops.scale(x, range, 0.5)), ops.log(ops.scale(x, -range, 0.5)));
      const logSlope = ops.add(ops.logSigmoid(y), ops.logSigmoid(ops.scale(y, -1))); // log p + log(1 − p)
      return { y, logDet: { perImage: ops.sumPerImage(ops.scale(logSlope, -1, Math.log(range))) } };
    },
    inverse: (ops, y) => ops.scale(ops.sigmoid(y), 1 / range, -0.5 / range),
  };
}
