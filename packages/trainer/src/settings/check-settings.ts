import { checkNames, dequantisations, describe } from '@glow-onnx/flow/internal';
import { optimizers } from '../engine/optimizer.js';
import { schedules, type TrainSettings } from './settings.js';

type Rule = readonly [holds: (value: unknown) => boolean, expected: string];

const integer = (least: number, expected: string): Rule => [
  (value) => Number.isSafeInteger(value) && (value as number) >= least,
  expected,
];
const positiveInteger = integer(1, 'a positive integer');
const wholeNumber = integer(0, 'an integer of at least 0');
const number = (holds: (value: number) => boolean, expected: string): Rule => [
  (value) => Number.isFinite(value) && holds(value as number),
  expected,
];
const oneOf = (names: readonly string[]): Rule => [
  (value) => names.includes(value as string),
  `one of ${names.join(', ')}`,
];

const rules: Readonly<Record<keyof TrainSettings, Rule>> = {
  epochs: positiveInteger,
  batch: positiveInteger,
  accumulate: positiveInteger,
  dequantisation: oneOf(dequantisations),
  optimizer: oneOf(optimizers),
  beta1: number((value) => value >= 0 && value < 1, 'a number from 0 to below 1'),
  beta2: number((value) => value > 0 && value < 1, 'a number above 0 and below 1'),
  rate: number((value) => value > 0, 'a number above 0'),
  warmup: wholeNumber,
  schedule: oneOf(schedules),
  clip: number((value) => value > 0, 'a number above 0'),
  skipOutliers: number((value) => value === 0 || value > 1, 'a number above 1, or 0 to skip no step'),
  ema: number((value) => value >= 0 && value < 1, 'a number from 0 (no average) to below 1'),
  flip: [(value) => typeof value === 'boolean', 'true or false'],
  shift: wholeNumber,
  patience: wholeNumber,
  timeBudgetMinutes: number((value) => value >= 0, 'a number of at least 0 (0: no limit)'),
  valFraction: number((value) => value > 0 && value < 1, 'a number between 0 and 1'),
  seed: wholeNumber,
  labels: [(value) => value === null || typeof value === 'string', 'the name of an attribute, or null'],
};

/** @throws TypeError for an unknown setting; RangeError naming the setting, the value expected and the value found. */
export function checkSettings(settings: TrainSettings): void {
  checkNames('settings', settings, rules);
  for (const [name, [holds, expected]] of Object.entries(rules)) {
    const value = settings[name as keyof TrainSettings];
    if (!holds(value)) throw new RangeError(`settings: ${name} must be ${expected}, got ${describe(value)}`);
  }
  const { batch, accumulate } = settings;
  if (accumulate > batch) {
    throw new RangeError(`settings: accumulate must be at most batch, ${batch}, got ${accumulate}`);
  }
}
