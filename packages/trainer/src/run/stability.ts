import type { StepResult } from '../engine/contract.js';

/** How a run has dealt with bad steps. Part of its counters. */
export interface Stability {
  /** Steps skipped because the norm of their gradient was an outlier. */
  skipped: number;
  /** Steps undone because their loss or gradient was not finite. */
  rolledBack: number;
  /** Factor of the learning rate: halved by each step undone, doubled after a long time without one, at most 1. */
  rateFactor: number;
  /** Finite steps in a row, or as a negative number, steps in a row that were not finite. */
  streak: number;
  /** Gradient norms of the last finite steps. */
  recentNorms: readonly number[];
}

export const stable: Stability = { skipped: 0, rolledBack: 0, rateFactor: 1, streak: 0, recentNorms: [] };

/** Norms whose median decides what an outlier is. */
const WINDOW = 100;
/** With fewer norms, no step is an outlier. */
const LEAST_NORMS = 20;
/** Finite steps in a row after which the learning rate is doubled. */
const RECOVERY = 1000;
/** Steps in a row that are not finite after which the run returns to the last checkpoint, and after which it ends. */
const RETURN = 3;
const GIVE_UP = 10;

/** The norm above which a gradient is an outlier: `factor` times the recent median. No limit if factor is 0. */
export function normLimit({ recentNorms }: Stability, factor: number): number {
  if (factor === 0 || recentNorms.length < LEAST_NORMS) return Number.POSITIVE_INFINITY;
  const sorted = [...recentNorms].sort((a, b) => a - b);
  return factor * sorted[Math.floor(sorted.length / 2)];
}

/**
 * Counts a step and decides how to continue. A step that is not finite was not applied, and lowers the learning rate. The
 * third in a row means that the parameters themselves are bad; the tenth, that returning to a checkpoint did not help.
 */
export function noteStep(
  stability: Stability,
  { bitsPerDim, gradientNorm, applied }: StepResult,
): 'continue' | 'return' | 'give up' {
  if (Number.isFinite(bitsPerDim) && Number.isFinite(gradientNorm)) {
    if (!applied) stability.skipped++;
    stability.recentNorms = [...stability.recentNorms, gradientNorm].slice(-WINDOW);
    stability.streak = Math.max(stability.streak, 0) + 1;
    if (stability.streak % RECOVERY === 0) stability.rateFactor = Math.min(1, 2 * stability.rateFactor);
    return 'continue';
  }
  stability.rolledBack++;
  stability.rateFactor /= 2;
  stability.streak = Math.min(stability.streak, 0) - 1;
  if (stability.streak === -GIVE_UP) return 'give up';
  return stability.streak === -RETURN ? 'return' : 'continue';
}

/** The error for a run that would start from a model that has no finite density for the held-out images. */
export function tooUnlike(model: string, bitsPerDim: number): Error {
  return new Error(
    `training: the held-out images have ${bitsPerDim} bits/dim under the model to start from (${model}): they are too ` +
      'unlike its own; nothing was saved; give them its size and kind, or train a new model without --init',
  );
}

/** The error for a run whose loss is not finite. `values` are the loss and the gradient norm. */
export function notFinite(
  { step, rolledBack }: Stability & { step: number },
  values: object,
  path: string,
): Error {
  const found = Object.entries(values).map(([name, value]) => `${name} ${value}`);
  // A run saves its first checkpoint after the validation that comes before its first step.
  const saved =
    step > 0 ? `the checkpoints in ${path} are from before; resume from them, or` : 'nothing was saved;';
  return new Error(
    `training: not finite after ${step} steps (${found.join(', ')}), ${rolledBack} steps undone; ${saved} ` +
      'start again with a lower --lr or --clip or a longer --warmup',
  );
}
