export const optimizers = ['adam', 'adamax'] as const;
export type OptimizerName = (typeof optimizers)[number];
export const schedules = ['constant', 'cosine', 'step'] as const;
export type ScheduleName = (typeof schedules)[number];

/** What a run is besides its model and its data; kept in its checkpoints, so that resuming needs no flag twice. */
export interface TrainSettings {
  /** Passes over the training images. */
  readonly epochs: number;
  /** Images per step. */
  readonly batch: number;
  /** Parts of a batch whose gradients are computed one after the other, for batches that memory does not hold. */
  readonly accumulate: number;
  readonly optimizer: OptimizerName;
  /** Learning rate, reached by a linear rise over `warmup` steps. */
  readonly rate: number;
  readonly warmup: number;
  /** What the rate does after that, over all epochs, whatever time there is: see `rateAt`. */
  readonly schedule: ScheduleName;
  /** Gradients of a larger global norm are scaled down to it. */
  readonly clip: number;
  /** Steps whose gradient is larger than the median of the last ones by this factor are left out; 0 for none. */
  readonly skipOutliers: number;
  /** Decay of the moving average of weights that is validated and exported; 0 for none. */
  readonly ema: number;
  /** Mirrors half of the training images, left to right. */
  readonly flip: boolean;
  /** Moves training images by up to so many pixels, up or down and left or right. */
  readonly shift: number;
  /** Epochs in a row without a better validation after which training ends; 0 for no such end. */
  readonly patience: number;
  /** Part of the images held out for validation. */
  readonly valFraction: number;
  /** Decides the first weights, the split, the order of images and everything drawn for them. */
  readonly seed: number;
  /** Attribute of the data that a class-conditional model is given; null for others. */
  readonly labels: string | null;
}

export const defaultSettings: TrainSettings = {
  epochs: 10,
  batch: 32,
  accumulate: 1,
  optimizer: 'adam',
  rate: 1e-3,
  warmup: 100,
  schedule: 'constant',
  clip: 50,
  skipOutliers: 20,
  ema: 0.999,
  flip: false,
  shift: 0,
  patience: 0,
  valFraction: 0.1,
  seed: 1,
  labels: null,
};

type Rule = readonly [holds: (value: unknown) => boolean, expected: string];

const integer = (least: number, expected: string): Rule => [
  (value) => Number.isSafeInteger(value) && (value as number) >= least,
  expected,
];
const number = (holds: (value: number) => boolean, expected: string): Rule => [
  (value) => Number.isFinite(value) && holds(value as number),
  expected,
];
const oneOf = (names: readonly string[]): Rule => [
  (value) => names.includes(value as string),
  `one of ${names.join(', ')}`,
];

const rules: Readonly<Record<keyof TrainSettings, Rule>> = {
  epochs: integer(1, 'a positive integer'),
  batch: integer(1, 'a positive integer'),
  accumulate: integer(1, 'a positive integer'),
  optimizer: oneOf(optimizers),
  rate: number((value) => value > 0, 'a number above 0'),
  warmup: integer(0, 'an integer of at least 0'),
  schedule: oneOf(schedules),
  clip: number((value) => value > 0, 'a number above 0'),
  skipOutliers: number((value) => value === 0 || value > 1, 'a factor above 1, or 0 for none'),
  ema: number((value) => value >= 0 && value < 1, 'a number from 0, for none, to below 1'),
  flip: [(value) => typeof value === 'boolean', 'true or false'],
  shift: integer(0, 'an integer of at least 0'),
  patience: integer(0, 'an integer of at least 0'),
  valFraction: number((value) => value > 0 && value < 1, 'a number between 0 and 1'),
  seed: integer(0, 'an integer of at least 0'),
  labels: [(value) => value === null || typeof value === 'string', 'the name of an attribute, or null'],
};

/** @throws RangeError naming the setting, what it has to be and what it is. */
export function checkSettings(settings: TrainSettings): void {
  for (const [name, [holds, expected]] of Object.entries(rules)) {
    const value = settings[name as keyof TrainSettings];
    if (!holds(value)) throw new RangeError(`settings: ${name} must be ${expected}, got ${value}`);
  }
  const { batch, accumulate } = settings;
  if (accumulate > batch) {
    throw new RangeError(`settings: accumulate is ${accumulate}, but a batch has only ${batch} images`);
  }
}

/**
 * The learning rate of a step, counted from 0, of a run of `steps`: a linear rise over the warm-up; then level
 * (`constant`), half a cosine down to 0 (`cosine`, Loshchilov & Hutter 2017), or a tenth from the middle of the
 * rest and a hundredth from three quarters of it (`step`).
 */
export function rateAt(
  step: number,
  { rate, warmup, schedule }: Pick<TrainSettings, 'rate' | 'warmup' | 'schedule'>,
  steps: number,
): number {
  if (step < warmup) return (rate * (step + 1)) / warmup;
  const passed = (step - warmup) / Math.max(1, steps - warmup);
  switch (schedule) {
    case 'constant':
      return rate;
    case 'cosine':
      return (rate * (1 + Math.cos(Math.PI * passed))) / 2;
    case 'step':
      return passed < 0.5 ? rate : passed < 0.75 ? rate / 10 : rate / 100;
    default:
      return schedule satisfies never;
  }
}
