import type { Stability } from './stability.js';

/** Where a run stands: all that resuming needs besides parameters and moments, since every draw is by counter. */
export interface Counters extends Stability {
  /** Steps done, those left out included. */
  step: number;
  /** Epochs completed. */
  epoch: number;
  /** Training images seen. */
  images: number;
  /** Spent, over all resumptions. */
  seconds: number;
  /** Validation bits/dim: at the start, and the best so far. */
  before: number;
  best: number;
  /** Epochs in a row whose validation was not better than the best. */
  stale: number;
}

/** Told after every step and every batch of validation. */
export interface Progress extends Readonly<Omit<Counters, 'streak' | 'recentNorms'>> {
  readonly phase: 'training' | 'validating';
  /** Of the step just taken; of the validation images so far. */
  readonly bitsPerDim: number;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  /** Lately; 0 while unknown. */
  readonly imagesPerSecond: number;
  /** Part of the time, lately, that the backend waited for images. */
  readonly waiting: number;
  /** Until the last epoch or the end of the time budget; infinite while unknown. */
  readonly secondsLeft: number;
  readonly engine: string;
}

/** How fast training goes and how much time it has. */
export interface Pace {
  readonly imagesPerSecond: number;
  readonly waiting: number;
  /** Notes images trained on since the last note, or since `resumeClock`, and the seconds of it spent on waiting. */
  note(images: number, waitedSeconds: number): void;
  /** Leaves out the time since the last note. */
  resumeClock(): void;
  elapsedSeconds(): number;
  secondsLeft(imagesLeft: number): number;
}

/** What is recent in a speed: it forgets half of what was half a minute ago. */
const HALF_LIFE_SECONDS = 30;

export function createPace(budgetMinutes = Number.POSITIVE_INFINITY): Pace {
  const started = performance.now();
  let mark = started;
  let weightedImages = 0;
  let weightedSeconds = 0;
  let weightedWait = 0;
  const elapsedSeconds = (): number => (performance.now() - started) / 1000;
  const pace = {
    get imagesPerSecond() {
      return weightedSeconds > 0 ? weightedImages / weightedSeconds : 0;
    },
    get waiting() {
      return weightedSeconds > 0 ? weightedWait / weightedSeconds : 0;
    },
    note(images: number, waitedSeconds: number) {
      const seconds = (performance.now() - mark) / 1000;
      const kept = 0.5 ** (seconds / HALF_LIFE_SECONDS);
      weightedImages = weightedImages * kept + images;
      weightedSeconds = weightedSeconds * kept + seconds;
      weightedWait = weightedWait * kept + waitedSeconds;
      mark = performance.now();
    },
    resumeClock() {
      mark = performance.now();
    },
    elapsedSeconds,
    secondsLeft(imagesLeft: number) {
      const speed = pace.imagesPerSecond;
      const forImages = speed > 0 ? imagesLeft / speed : Number.POSITIVE_INFINITY;
      return Math.max(0, Math.min(forImages, budgetMinutes * 60 - elapsedSeconds()));
    },
  };
  return pace;
}
