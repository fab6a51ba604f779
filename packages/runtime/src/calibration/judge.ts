import { checkValue } from '@glow-onnx/flow/manifest';
import { type Calibration, checkCalibration } from './calibration.js';
import { alarmRank, type FalseAlarms, falseAlarmsAt, leastScores, pValue } from './conformal.js';
import { aRate } from './rate.js';
import { leastGroups } from './split.js';
import { type StatisticValues, sidesOf } from './statistics.js';
import { strangenessAmong } from './strangeness.js';

/** A value of a statistic, and how often a good image has one that is as strange. */
export interface Tested {
  readonly value: number;
  readonly p: number;
}

/** How an image compares with the good images of a calibration. */
export interface Verdict {
  /** Whether p is at most the false-alarm rate. */
  readonly unusual: boolean;
  /**
   * The p-value of all statistics together: of good images, at most a share α has p ≤ α, for every α. It is not the
   * probability that the image is good.
   */
  readonly p: number;
  /**
   * How far out all statistics lie together: the higher, the lower p. It puts images in order that have one p, such as all that
   * are stranger than every image of the calibration. It has no unit and is of one calibration.
   */
  readonly strangeness: number;
  /** Each statistic by itself, with a p-value that holds if only this one is looked at. */
  readonly statistics: Readonly<Record<string, Tested>>;
}

/** Judges images by a calibration. */
export interface Judge {
  /** @param values those that the calibration has. */
  readonly judge: (values: StatisticValues) => Verdict;
}

/**
 * The strangeness of an image is the sum of that of its statistics (Fisher's method), each on the scale of the reference
 * images. So the function is fixed before the other images are looked at, and these are compared with new ones by rank: the
 * p-value needs neither independent statistics nor exponential tails.
 * @param asked the rate of false alarms; default: that of the calibration.
 * @throws RangeError if the calibration has too few images for the rate, or a statistic that does not vary.
 * Source: Vovk, Gammerman & Shafer 2005, §4.1 (inductive conformal prediction);
 * Fisher 1932 (the sum of −ln p).
 * @example judgeOf(calibration, 0.05).judge({ density: 3.1, excess: 0.2 }).p;
 */
export function judgeOf(
  { reference, scores, grouped, falseAlarms: usual }: Calibration,
  asked = usual,
  where = 'calibration',
): Judge {
  checkValue(where, 'falseAlarms', asked, aRate);
  const names = Object.keys(scores);
  const count = countOf(scores);
  checkCount(where, count, asked, grouped);
  const strangeness = Object.fromEntries(
    names.map((name) => [name, among(where, name, reference[name] as readonly number[])]),
  );
  const strangenessOf = (name: string, value: number) =>
    (strangeness[name] as (value: number) => number)(value);
  const own = names.map((name) =>
    (scores[name] as readonly number[]).map((value) => strangenessOf(name, value)),
  );
  const sums = Array.from({ length: count }, (_, image) => sum(own.map((list) => list[image] as number)));
  const sorted = own.map(ascending);
  const together = ascending(sums);
  const rank = alarmRank(count, asked);
  return {
    judge(values) {
      const unknown = names.find((name) => !Number.isFinite(values[name]));
      if (unknown !== undefined) {
        throw new RangeError(`${where}: ${unknown}: the image has no finite value of it, so no verdict`);
      }
      const found = names.map((name) => strangenessOf(name, values[name] as number));
      const strangeness = sum(found);
      const p = pValue(together, strangeness);
      const tested = names.map((name, i): [string, Tested] => [
        name,
        { value: values[name] as number, p: pValue(sorted[i] as readonly number[], found[i] as number) },
      ]);
      return {
        unusual: Math.round(p * (count + 1)) <= rank,
        p,
        strangeness,
        statistics: Object.fromEntries(tested),
      };
    },
  };
}

/**
 * The rate of false alarms of verdicts by a calibration, and how sure it is with so many images.
 * @param asked default: the rate of the calibration.
 * @throws RangeError if the calibration has too few images for the rate; TypeError or RangeError if it is not what
 *   `calibrate` returns.
 * @example falseAlarmsIn(calibration, 0.01); // of 999 scores: { asked: 0.01, expected: 0.01, interval: [0.0048, 0.0170] }
 */
export function falseAlarmsIn(calibration: Calibration, asked?: number): FalseAlarms {
  const where = 'falseAlarmsIn';
  const { scores, grouped, falseAlarms } = checkCalibration(calibration, where);
  const rate = asked ?? falseAlarms;
  checkValue(where, 'falseAlarms', rate, aRate);
  checkCount(where, countOf(scores), rate, grouped);
  return falseAlarmsAt(countOf(scores), rate);
}

const countOf = (scores: Calibration['scores']): number => Object.values(scores)[0]?.length ?? 0;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

function among(where: string, name: string, reference: readonly number[]) {
  try {
    return strangenessAmong(reference, sidesOf(name));
  } catch (cause) {
    throw new RangeError(
      `${where}: ${name}: ${(cause as Error).message}; calibrate with images that differ, or leave this statistic out`,
      { cause },
    );
  }
}

/** @throws RangeError that says how many images the rate needs. */
export function checkCount(where: string, count: number, asked: number, grouped: boolean): void {
  const least = leastScores(asked);
  if (count >= least) return;
  const unit = grouped ? 'groups' : 'images';
  throw new RangeError(
    `${where}: a false-alarm rate of ${asked} needs ${least} ${unit} to compare with, so at least ${leastGroups(least)} ` +
      `with those for reference; there are ${count} to compare with, enough for a rate of ${roundedUp(1 / (count + 1))}`,
  );
}

/** With two digits that count: a rate that the images allow. */
function roundedUp(rate: number): number {
  const digits = 10 ** (1 - Math.floor(Math.log10(rate)));
  return Math.ceil(rate * digits) / digits;
}
