/** How fast training goes and how much time it has left. */
export interface Pace {
  /** Recent speed. 0 until it is known. */
  readonly imagesPerSecond: number;
  /** Share of the recent time spent on waiting for images. */
  readonly waiting: number;
  /** Notes the images trained on since the last note, or since `resumeClock`, and the seconds spent on waiting. */
  note(images: number, waitedSeconds: number): void;
  /** Leaves out the time since the last note. */
  resumeClock(): void;
  elapsedSeconds(): number;
  /** Share of the time budget that is used up, 0 to 1, also by earlier pieces of the run. 0 without a budget. */
  readonly timeUsed: number;
  /**
   * Time for these images, with the share that validations, files and pictures had so far (after half a minute: the
   * first epochs may have more), or until the end of the budget, whichever is less. Infinity until it is known.
   */
  secondsLeft(imagesLeft: number): number;
}

/** Recent means: what happened half a minute ago counts half. */
const HALF_LIFE_SECONDS = 30;
/** After this time it is known how much of it is not training. */
const SHARE_KNOWN_SECONDS = 30;

/** Share of a time budget that these seconds use up, 0 to 1. 0 without a budget, which is a budget of 0 minutes. */
export function shareOfBudget(seconds: number, budgetMinutes: number): number {
  return budgetMinutes === 0 ? 0 : Math.min(1, seconds / (budgetMinutes * 60));
}

/** @param secondsBefore training time of the pieces of the run before this one. */
export function createPace(budgetMinutes: number, secondsBefore: number): Pace {
  const started = performance.now();
  let mark = started;
  let weightedImages = 0;
  let weightedSeconds = 0;
  let weightedWait = 0;
  let trainedSince: number | undefined;
  let trainedSeconds = 0;
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
      trainedSince ??= mark;
      trainedSeconds += seconds;
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
    get timeUsed() {
      return shareOfBudget(secondsBefore + elapsedSeconds(), budgetMinutes);
    },
    secondsLeft(imagesLeft: number) {
      const speed = pace.imagesPerSecond;
      const passed = trainedSince === undefined ? 0 : (performance.now() - trainedSince) / 1000;
      const besides = passed > SHARE_KNOWN_SECONDS ? passed / trainedSeconds : 1;
      const forImages = speed > 0 ? (imagesLeft / speed) * besides : Number.POSITIVE_INFINITY;
      const forBudget = budgetMinutes * 60 - secondsBefore - elapsedSeconds();
      return Math.max(0, budgetMinutes === 0 ? forImages : Math.min(forImages, forBudget));
    },
  };
  return pace;
}
