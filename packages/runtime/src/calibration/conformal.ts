/**
 * The conformal p-value of a score: (1 + the number of calibration scores that are at least as high) / (n + 1). If the
 * image is as exchangeable with the calibration images as they are with each other, P(p ≤ α) ≤ α for every α.
 * @param sorted the calibration scores, the lowest first.
 * Source: Vovk, Gammerman & Shafer 2005, §2.2.
 * @example pValue([1, 2, 3], 2.5); // (1 + 1) / 4
 */
export function pValue(sorted: readonly number[], score: number): number {
  return (1 + atLeast(sorted, score)) / (sorted.length + 1);
}

/** How many of the sorted scores are at least this one. */
function atLeast(sorted: readonly number[], score: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) < score) low = middle + 1;
    else high = middle;
  }
  return sorted.length - low;
}

/** Keeps 0.29 · 100 from counting as less than 29. */
const rounding = 1e-9;

/** The largest number k of scores, of n + 1, with k / (n + 1) ≤ the false-alarm rate: an alarm is one of the k highest. */
export function alarmRank(count: number, falseAlarms: number): number {
  return Math.floor(falseAlarms * (count + 1) + rounding);
}

/** The fewest calibration scores with which a p-value can be as low as this rate. */
export function leastScores(falseAlarms: number): number {
  return Math.ceil(1 / falseAlarms - 1 - rounding);
}

/** What an alarm at a p-value means for one calibration. */
export interface FalseAlarms {
  /** The rate that was asked for. */
  readonly asked: number;
  /** The mean of the true rate over calibrations, at most `asked`: k/(n + 1). */
  readonly expected: number;
  /** Holds the true rate of 95 % of the calibrations with as many images. */
  readonly interval: readonly [low: number, high: number];
}

/**
 * The rate of false alarms with a given calibration is Beta(k, n + 1 − k) distributed over calibrations, if no two
 * scores are equal: it is the share of all good images above the k-th highest of n independent ones.
 * @param count of scores: at least `leastScores(asked)`.
 * Source: Vovk 2012 (arXiv:1209.2673), Proposition 2.
 * @example falseAlarmsAt(999, 0.01); // { asked: 0.01, expected: 0.01, interval: [0.0048, 0.0170] }
 */
export function falseAlarmsAt(count: number, asked: number): FalseAlarms {
  const rank = alarmRank(count, asked);
  const quantile = (share: number) => betaQuantile(rank, count + 1 - rank, share);
  return { asked, expected: rank / (count + 1), interval: [quantile(0.025), quantile(0.975)] };
}

/** The quantile of Beta(a, b) for integers a, b from 1 on, by bisection: Beta(a, b) ≤ x as often as Bin(a+b−1, x) ≥ a. */
export function betaQuantile(a: number, b: number, share: number): number {
  let [low, high] = [0, 1];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (1 - binomialBelow(a, a + b - 1, middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(Bin(count, rate) < bound), for 0 < rate < 1. */
function binomialBelow(bound: number, count: number, rate: number): number {
  let log = count * Math.log1p(-rate);
  let sum = 0;
  for (let k = 0; k < bound; k++) {
    sum += Math.exp(log);
    log += Math.log((count - k) / (k + 1)) + Math.log(rate) - Math.log1p(-rate);
  }
  return sum;
}
