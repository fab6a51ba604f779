import type { StepResult } from '../engine/contract.js';

/** How a run has coped with steps that went wrong, part of its counters. */
export interface Stability {
  /** Steps left out for their outlying gradient. */
  skipped: number;
  /** Steps undone because loss or gradient was not finite. */
  rolledBack: number;
  /** What the learning rate is multiplied by: halved by each step undone, doubled again by a long time without. */
  rateFactor: number;
  /** Steps in a row that were finite; negative: that were not. */
  streak: number;
  /** Gradient norms of the last finite steps. */
  recentNorms: readonly number[];
}

export const stable: Stability = { skipped: 0, rolledBack: 0, rateFactor: 1, streak: 0, recentNorms: [] };

/** Norms that an outlier is judged by, and those needed to judge at all. */
const WINDOW = 100;
const LEAST_NORMS = 20;
/** Steps in a row: finite until the rate is doubled again; not finite until the last checkpoint is returned to, until the end. */
const RECOVERY = 1000;
const RETURN = 3;
const GIVE_UP = 10;

/** The norm from which a gradient is an outlier: `factor` times the median of the last ones; no limit if factor is 0. */
export function normLimit({ recentNorms }: Stability, factor: number): number {
  if (factor === 0 || recentNorms.length < LEAST_NORMS) return Number.POSITIVE_INFINITY;
  const sorted = [...recentNorms].sort((a, b) => a - b);
  return factor * sorted[Math.floor(sorted.length / 2)];
}

/**
 * Notes how a step went, and says what to do: a step that is not finite is not taken, and the rate is lowered; the
 * third in a row means that the parameters themselves have gone astray, the tenth that it does not help.
 */
export function noteStep(
  stability: Stability,
  { bitsPerDim, gradientNorm, applied }: StepResult,
): 'go on' | 'return' | 'give up' {
  if (Number.isFinite(bitsPerDim) && Number.isFinite(gradientNorm)) {
    if (!applied) stability.skipped++;
    stability.recentNorms = [...stability.recentNorms, gradientNorm].slice(-WINDOW);
    stability.streak = Math.max(stability.streak, 0) + 1;
    if (stability.streak % RECOVERY === 0) stability.rateFactor = Math.min(1, 2 * stability.rateFactor);
    return 'go on';
  }
  stability.rolledBack++;
  stability.rateFactor /= 2;
  stability.streak = Math.min(stability.streak, 0) - 1;
  if (stability.streak === -GIVE_UP) return 'give up';
  return stability.streak === -RETURN ? 'return' : 'go on';
}
