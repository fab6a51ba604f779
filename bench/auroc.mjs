// How often a stranger's number is above a good picture's, with its interval.

/**
 * The area under the curve of true and false alarms: the share of pairs in which the stranger has the higher number,
 * ties half.
 * @throws RangeError if a side has no numbers.
 */
export function auroc(strangers, good) {
  return average(sharesBelow(strangers, good));
}

/**
 * The same with an interval of 95 % on the logit scale, which keeps it inside 0 … 1. The variance is that of Obuchowski 1997
 * (Biometrics 53:567), which counts groups and not pictures, with Student's quantile for their number. Without groups it is
 * that of DeLong, DeLong & Clarke-Pearson 1988, with the normal quantile.
 * @param groups { strangers, good }: the group of each number. A group may have numbers on both sides.
 * @returns { value, low, high }
 * @throws RangeError if a side has no numbers. With a single one, or a single group, the interval is 0 … 1.
 */
export function aurocInterval(strangers, good, groups) {
  const overGood = sharesBelow(strangers, good);
  const underStrangers = sharesBelow(good, strangers).map((share) => 1 - share);
  const value = average(overGood);
  const own = { strangers: [...strangers.keys()], good: [...good.keys()].map((i) => -1 - i) };
  const of = groups ?? own;
  const [a, b] = [deviations(overGood, value, of.strangers), deviations(underStrangers, value, of.good)];
  const fewer = Math.min(a.size, b.size);
  const all = new Set([...a.keys(), ...b.keys()]).size;
  const variance = product(a, a, a.size) + product(b, b, b.size) + 2 * product(a, b, all);
  if (fewer < 2 || value <= 0 || value >= 1 || !(variance > 0)) {
    const slack = 3 / fewer; // the rule of three: what was not seen once in so many
    return { value, low: Math.max(0, value - slack), high: Math.min(1, value + slack) };
  }
  const quantile = groups ? studentQuantile(fewer - 1) : normalQuantile;
  const wide = (quantile * Math.sqrt(variance)) / (value * (1 - value));
  const centre = Math.log(value / (1 - value));
  const back = (logit) => 1 / (1 + Math.exp(-logit));
  return { value, low: back(centre - wide), high: back(centre + wide) };
}

/** For each value, the share of the others that are lower, ties half. By ranks, as in Sun & Xu 2014. */
function sharesBelow(values, others) {
  if (values.length === 0 || others.length === 0) {
    throw new RangeError(`auroc: expected numbers on both sides, got ${values.length} and ${others.length}`);
  }
  const sorted = Float64Array.from(others).sort();
  return Float64Array.from(values, (value) => {
    const lower = place(sorted, (other) => other < value);
    return (lower + place(sorted, (other) => other <= value)) / 2 / sorted.length;
  });
}

/** How many at the beginning hold. */
function place(sorted, holds) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(sorted[middle])) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Group → its part of the deviation of the mean share. */
function deviations(shares, mean, groups) {
  const found = new Map();
  for (const [i, share] of shares.entries()) {
    found.set(groups[i], (found.get(groups[i]) ?? 0) + (share - mean) / shares.length);
  }
  return found;
}

/** The sum of products of two deviations over the groups that have both, for so many groups in all. */
function product(a, b, count) {
  let sum = 0;
  for (const [group, deviation] of a) sum += deviation * (b.get(group) ?? 0);
  return (count / (count - 1)) * sum;
}

const normalQuantile = 1.96;

/** The 97.5 % quantile of Student's t, by Fisher & Cornish 1960: within 0.01 from 4 degrees of freedom on. */
function studentQuantile(degrees) {
  const z = normalQuantile;
  const terms = [
    z,
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
  ];
  return terms.reduce((sum, term, power) => sum + term / degrees ** power, 0);
}

const average = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
