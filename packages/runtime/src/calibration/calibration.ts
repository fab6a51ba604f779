import {
  aBoolean,
  aText,
  checkOptions,
  describe,
  integerFrom,
  oneOf,
  type Precision,
  precisions,
  type Rule,
  type Rules,
} from '@glow-onnx/flow/manifest';
import { type Bound, bounds } from '../model/bounds.js';
import { type Fit, fits } from '../pictures/fits.js';
import { aRate } from './rate.js';
import { statistics, valueNames } from './statistics.js';

/**
 * What a model measured on good images, against which it judges new ones. Plain values: it survives JSON, and messages
 * between workers.
 */
export interface Calibration {
  /** sha256 of the file that decides latents: the weights of the model. */
  readonly model: string;
  readonly precision: Precision;
  /** How the images were scored. New images must be scored in the same way. */
  readonly draws: number;
  readonly bound: Bound;
  readonly fit: Fit;
  /** The false-alarm rate of a verdict, unless another one is asked for. */
  readonly falseAlarms: number;
  /** Whether alike images were one group, of which one counts. */
  readonly grouped: boolean;
  /** Values of each statistic on the images that decide how statistics are combined. */
  readonly reference: Readonly<Record<string, readonly number[]>>;
  /** Values of each statistic on the images that new ones are compared with. */
  readonly scores: Readonly<Record<string, readonly number[]>>;
}

/** The most values of one statistic. */
export const maxValues = 100_000;
/** Fewer reference images say too little about what is far out. */
export const leastReference = 5;

const isValues = (value: unknown): boolean =>
  Array.isArray(value) && value.length <= maxValues && value.every(Number.isFinite);
const columns: Rule = {
  expected: `lists of at most ${maxValues} finite numbers by name, all of one length`,
  type: 'object',
  holds(value) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    const lists: unknown[] = Object.values(value);
    const first = lists[0] as readonly number[] | undefined;
    return lists.every((list) => isValues(list) && (list as readonly number[]).length === first?.length);
  },
};

const rules: Rules<Calibration> = {
  model: aText,
  precision: oneOf(precisions),
  draws: integerFrom(1),
  bound: oneOf(bounds),
  fit: oneOf(fits),
  falseAlarms: aRate,
  grouped: aBoolean,
  reference: columns,
  scores: columns,
};

/**
 * Checks the form of a calibration that may come from outside.
 * @throws TypeError or RangeError that names the field.
 */
export function checkCalibration(given: unknown, where = 'calibration'): Calibration {
  if (typeof given !== 'object' || given === null || !('scores' in given)) {
    const advice = typeof given === 'string' ? '; parse the text of a file with parseCalibration' : '';
    throw new TypeError(`${where}: expected what calibrate returns, got ${describe(given)}${advice}`);
  }
  checkOptions(where, given as Partial<Calibration>, rules);
  const calibration = given as Calibration;
  const missing = Object.keys(rules).find((name) => calibration[name as keyof Calibration] === undefined);
  if (missing) throw new TypeError(`${where}: ${missing} is missing; calibrate again`);
  checkColumns(calibration, where);
  return calibration;
}

const sorted = (names: readonly string[]): string => [...names].sort().join();

function checkColumns({ reference, scores }: Calibration, where: string): void {
  const names = Object.keys(scores);
  const levels = names.filter((name) => name.startsWith('level')).length;
  const chosen = statistics.filter((each) => names.includes(each === 'levels' ? 'level0' : each));
  for (const given of [names, Object.keys(reference)]) {
    if (names.length > 0 && sorted(given) === sorted(valueNames(chosen, levels))) continue;
    throw new RangeError(
      `${where}: expected the same statistics in reference and scores, of ${statistics.join(', ')}, got ${describe(given)}`,
    );
  }
  const [name] = names as [string];
  const counts = { reference: reference[name]?.length ?? 0, scores: scores[name]?.length ?? 0 };
  if (counts.reference >= leastReference && counts.scores >= 1) return;
  throw new RangeError(
    `${where}: expected at least ${leastReference} reference images and 1 with scores, got ${counts.reference} and ${counts.scores}`,
  );
}
