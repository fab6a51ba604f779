/** What a run is besides its model; kept in its checkpoints, so that resuming needs no flag twice. */
export interface TrainSettings {
  readonly epochs: number;
  readonly batch: number;
  /** Learning rate of Adam, reached after `warmup` steps of linear rise. */
  readonly rate: number;
  readonly warmup: number;
  /** Gradients of a larger global norm are scaled down to it. */
  readonly clip: number;
  /** Part of the images held out for validation. */
  readonly valFraction: number;
  readonly seed: number;
}

export const defaultSettings: TrainSettings = {
  epochs: 10,
  batch: 32,
  rate: 1e-3,
  warmup: 100,
  clip: 50,
  valFraction: 0.1,
  seed: 1,
};

/** The learning rate of a step, counted from 0: a linear rise, then level. */
export function rateAt(step: number, { rate, warmup }: Pick<TrainSettings, 'rate' | 'warmup'>): number {
  return rate * Math.min(1, (step + 1) / Math.max(warmup, 1));
}
