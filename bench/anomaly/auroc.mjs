// How often a stranger's number is above a good picture's, with its interval.

/**
 * The area under the curve of true and false alarms: the share of pairs in which the stranger has the higher number,
 * ties half. The interval is that of DeLong, DeLong & Clarke-Pearson 1988, on the logit scale, which keeps it inside 0 … 1;
 * the ranks are computed as by Sun & Xu 2014.
 * @returns { value, low, high } of 95 %.
 */
export function auroc(strangers, good) {
  const [m, n] = [strangers.length, good.length];
  const sorted = [ascending(strangers), ascending(good)];
  const overGood = strangers.map((value) => share(sorted[1], value));
  const underStrangers = good.map((value) => 1 - share(sorted[0], value));
  const value = average(overGood);
  const error = Math.sqrt(variance(overGood) / m + variance(underStrangers) / n);
  if (value <= 0 || value >= 1 || error === 0) {
    // No pair, or every pair: with 3 misses unseen in so many pictures (the rule of three).
    const slack = 3 / Math.min(m, n);
    return { value, low: value >= 1 ? 1 - slack : value, high: value <= 0 ? slack : value };
  }
  const [centre, wide] = [Math.log(value / (1 - value)), (1.96 * error) / (value * (1 - value))];
  const back = (logit) => 1 / (1 + Math.exp(-logit));
  return { value, low: back(centre - wide), high: back(centre + wide) };
}

/** The share of sorted values below this one, ties half. */
function share(sorted, value) {
  return (
    (place(sorted, (other) => other < value) + place(sorted, (other) => other <= value)) / 2 / sorted.length
  );
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

const ascending = (values) => [...values].sort((a, b) => a - b);
const average = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
function variance(values) {
  const mean = average(values);
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}
