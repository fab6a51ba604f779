import type { Layer } from './layer.js';

/**
 * Trades space for channels: c×h×w → 4c×h/2×w/2, new channel c·4 + dy·2 + dx; logDet 0, no parameters.
 * One channel 4×4 holding 1..16 row by row → [[1,3],[9,11]], [[2,4],[10,12]], [[5,7],[13,15]], [[6,8],[14,16]].
 * Source: Dinh et al. 2017, §3.6 (there with another channel order).
 */
export const squeeze: Layer = {
  params: [],
  initialParams: () => ({}),
  forwardWeights: () => ({}),
  inverseWeights: () => ({}),
  forward: (ops, x) => ({ y: ops.squeeze(x), logDet: {} }),
  inverse: (ops, y) => ops.unsqueeze(y),
};
