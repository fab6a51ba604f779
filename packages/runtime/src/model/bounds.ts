import { mean } from '../mean.js';

export const bounds = ['mean', 'importance'] as const;
/**
 * How the draws of a dequantisation become one number. Both are bounds: the bits/dim of the pixels themselves are at
 * most this. `mean`: the mean of the draws' bits/dim, as training and the literature state it. `importance`: from the
 * mean of the draws' likelihoods (log-mean-exp). It is never above `mean`, and falls with more draws.
 */
export type Bound = (typeof bounds)[number];

/** The bits of one draw of an image. */
export interface DrawBits {
  readonly bitsPerDim: number;
  readonly dimensions: number;
}

/**
 * Bits/dim of an image from those of its draws.
 * Source: Burda, Grosse & Salakhutdinov 2016 (importance); Theis, van den Oord & Bethge 2016, §3.1 (dequantisation).
 */
export const boundOf: Readonly<Record<Bound, (draws: readonly DrawBits[]) => number>> = {
  mean: (draws) => mean(draws.map(({ bitsPerDim }) => bitsPerDim)),
  importance(draws) {
    const least = draws.reduce((a, b) => (b.bitsPerDim < a.bitsPerDim ? b : a));
    // Likelihoods relative to the largest one, at most 1: no overflow.
    const likelihoods = draws.map(
      ({ bitsPerDim, dimensions }) => 2 ** (dimensions * (least.bitsPerDim - bitsPerDim)),
    );
    return least.bitsPerDim - Math.log2(mean(likelihoods)) / least.dimensions;
  },
};
