import { type Stability, stable } from './stability.js';

/**
 * Where a run stands. With parameters and moments, a run needs nothing else to resume, because every random draw is
 * numbered by these counters.
 */
export interface Counters extends Stability {
  /** Steps done, including skipped steps. */
  step: number;
  /** Epochs completed. */
  epoch: number;
  /** Training images seen. */
  images: number;
  /** Training time, over all resumptions. */
  seconds: number;
  /** Validation bits/dim at the start, and the best so far. */
  before: number;
  best: number;
  /** Epochs in a row whose validation was not better than the best. */
  stale: number;
}

/** The counters of a new run. */
export const atStart: Counters = {
  ...stable,
  step: 0,
  epoch: 0,
  images: 0,
  seconds: 0,
  before: Number.POSITIVE_INFINITY,
  best: Number.POSITIVE_INFINITY,
  stale: 0,
};
