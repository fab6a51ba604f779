import type { JsonObject } from '@glow-onnx/flow/internal';
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
  /** Validation bits/dim at the start, and the best so far, by the bound that is trained. */
  before: number;
  best: number;
  /** Epochs in a row whose validation was not better than the best. */
  stale: number;
  /** The step of the last validation that was not interrupted. */
  validated: number;
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
  validated: 0,
};

/** Whether a value is an integer of at least 0. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

const isAmount = (value: unknown): boolean => Number.isFinite(value) && (value as number) >= 0;

/** How each counter is recognised in a file. */
const checks: Readonly<
  Record<keyof Counters, readonly [expected: string, holds: (value: unknown) => boolean]>
> = {
  step: ['an integer of at least 0', isCount],
  epoch: ['an integer of at least 0', isCount],
  images: ['an integer of at least 0', isCount],
  skipped: ['an integer of at least 0', isCount],
  rolledBack: ['an integer of at least 0', isCount],
  stale: ['an integer of at least 0', isCount],
  validated: ['an integer of at least 0', isCount],
  streak: ['an integer', Number.isSafeInteger],
  seconds: ['a number of at least 0', isAmount],
  before: ['a number', Number.isFinite],
  best: ['a number', Number.isFinite],
  rateFactor: ['a number from 0 to 1', (value) => isAmount(value) && (value as number) <= 1],
  recentNorms: ['a list of numbers', (value) => Array.isArray(value) && value.every(isAmount)],
};

/**
 * The counters in a checkpoint. Those that an older version did not write are at their start.
 * @throws RangeError naming the counter, the expected value and the given value.
 */
export function parseCounters(stored: JsonObject): Counters {
  const counters = { ...stable, stale: 0, validated: stored.step, ...stored };
  for (const [name, [expected, holds]] of Object.entries(checks)) {
    const value = (counters as JsonObject)[name];
    if (holds(value)) continue;
    throw new RangeError(`checkpoint: counters: ${name} must be ${expected}, got ${JSON.stringify(value)}`);
  }
  return counters as unknown as Counters;
}
