/**
 * The fewest and most alarms on `fresh` good images that a valid calibration gives 999 times in 1,000. The rate of a
 * calibration of n scores is Beta(k, n + 1 − k), so the number of alarms is beta-binomial. Computed from its mass function,
 * and not from the code under test.
 */
export function alarmBounds(scores: number, rate: number, fresh: number): [low: number, high: number] {
  const k = Math.floor(rate * (scores + 1) + 1e-9);
  const [a, b] = [k, scores + 1 - k];
  const logBeta = (x: number, y: number) => logGamma(x) + logGamma(y) - logGamma(x + y);
  const tail = 0.0005;
  let [sum, low, high] = [0, 0, fresh];
  for (let count = 0; count <= fresh; count++) {
    const choose = logGamma(fresh + 1) - logGamma(count + 1) - logGamma(fresh - count + 1);
    const before = sum;
    sum += Math.exp(choose + logBeta(count + a, fresh - count + b) - logBeta(a, b));
    if (before <= tail && sum > tail) low = count;
    if (before < 1 - tail && sum >= 1 - tail) high = count;
  }
  return [low, high];
}

/** ln Γ(x) for x > 0: Stirling's series, after a shift to x ≥ 10. */
function logGamma(x: number): number {
  let [shift, at] = [0, x];
  for (; at < 10; at++) shift += Math.log(at);
  const series = 1 / (12 * at) - 1 / (360 * at ** 3) + 1 / (1260 * at ** 5);
  return (at - 0.5) * Math.log(at) - at + 0.5 * Math.log(2 * Math.PI) + series - shift;
}
