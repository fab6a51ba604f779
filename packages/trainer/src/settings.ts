/** What a run is besides its model and its data; kept in its checkpoints, so that resuming needs no flag twice. */
export interface TrainSettings {
  /** Passes over the training images. */
  readonly epochs: number;
  /** Images per step. */
  readonly batch: number;
  /** Learning rate of Adam, reached by a linear rise over `warmup` steps. */
  readonly rate: number;
  readonly warmup: number;
  /** Gradients of a larger global norm are scaled down to it. */
  readonly clip: number;
  /** Part of the images held out for validation. */
  readonly valFraction: number;
  /** Decides the first weights, the split, the order of images and the noise of dequantisation. */
  readonly seed: number;
  /** Attribute of the data that a class-conditional model is given; null for others. */
  readonly labels: string | null;
  /** Training images are mirrored at random, left to right. */
  readonly flip: boolean;
  /** Training images are moved at random, by up to so many pixels either way. */
  readonly shift: number;
}

export const defaultSettings: TrainSettings = {
  epochs: 10,
  batch: 32,
  rate: 1e-3,
  warmup: 100,
  clip: 50,
  valFraction: 0.1,
  seed: 1,
  labels: null,
  flip: false,
  shift: 0,
};

/** @throws RangeError naming the setting, what it has to be and what it is. */
export function checkSettings(settings: TrainSettings): void {
  const integer = (least: number) => (value: number) => Number.isSafeInteger(value) && value >= least;
  const positive = (value: number): boolean => Number.isFinite(value) && value > 0;
  const rules = {
    epochs: [integer(1), 'a positive integer'],
    batch: [integer(1), 'a positive integer'],
    rate: [positive, 'a number above 0'],
    warmup: [integer(0), 'an integer of at least 0'],
    clip: [positive, 'a number above 0'],
    valFraction: [(value: number) => value > 0 && value < 1, 'a number between 0 and 1'],
    seed: [integer(0), 'an integer of at least 0'],
    shift: [integer(0), 'an integer of at least 0'],
  } as const;
  for (const [name, [holds, expected]] of Object.entries(rules)) {
    const value = settings[name as keyof typeof rules];
    if (!holds(value)) throw new RangeError(`settings: ${name} must be ${expected}, got ${value}`);
  }
}

/** The learning rate of a step, counted from 0: a linear rise, then level. */
export function rateAt(step: number, { rate, warmup }: Pick<TrainSettings, 'rate' | 'warmup'>): number {
  return rate * Math.min(1, (step + 1) / Math.max(warmup, 1));
}
