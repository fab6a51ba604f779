import { mean } from '../mean.js';

/** One end of the values of good images: where it begins, and the mean distance of those beyond. */
interface Tail {
  readonly from: number;
  readonly scale: number;
}

/**
 * How far out a value lies among reference values, as a number that different statistics have in common: its distance
 * beyond the outer quartile, in units of the mean distance there. If the tail is exponential, this is −ln of the share of
 * values farther out, less ln 4. Two-sided statistics count the side on which the value lies farther out.
 * Source: Pickands 1975 (exponential tail above a threshold).
 * @param sides 2 if low values are strange too.
 * @throws RangeError if the values beyond a quartile do not differ.
 * @example strangenessAmong([0, 1, 2, 3, 4], 1)(4); // 2: the quartile is 3, and 3 and 4 lie 0.5 beyond it on average
 */
export function strangenessAmong(reference: readonly number[], sides: 1 | 2): (value: number) => number {
  const upper = tailOf(reference);
  if (sides === 1) return (value) => beyond(upper, value);
  const lower = tailOf(reference.map((value) => -value));
  return (value) => Math.max(beyond(upper, value), beyond(lower, -value));
}

function beyond({ from, scale }: Tail, value: number): number {
  return (value - from) / scale;
}

function tailOf(reference: readonly number[]): Tail {
  const sorted = [...reference].sort((a, b) => a - b);
  const first = Math.floor(0.75 * sorted.length);
  const from = sorted[first] as number;
  const scale = mean(sorted.slice(first).map((value) => value - from));
  if (scale > 0 && Number.isFinite(scale)) return { from, scale };
  throw new RangeError(
    `a quarter of the ${reference.length} reference images have one value, or values too far apart`,
  );
}
