/**
 * The share of a histogram's images below a value, linear within a bin; 0 below all images, 1 above all.
 * { from: 1, to: 3, counts: [1, 3] } at 2.5: (1 + 3/2) / 4. Without a histogram, the share is null.
 * @throws RangeError if the histogram has another form.
 */
export function trainingPercentile(histogram: unknown): (value: number) => number | null {
  if (histogram === undefined) return () => null;
  const { from, to, counts } = (histogram ?? {}) as { from: number; to: number; counts: readonly number[] };
  const isCount = (count: unknown) => Number.isSafeInteger(count) && (count as number) >= 0;
  const total = Array.isArray(counts) && counts.every(isCount) ? counts.reduce((a, b) => a + b, 0) : 0;
  if (!(Number.isFinite(from) && Number.isFinite(to) && from <= to && total > 0)) {
    throw new RangeError(
      'score: manifest.json: training.histogram: expected { from, to, counts } with numbers of images in ' +
        'equal bins; export the model again',
    );
  }
  return (value) => {
    if (value < from) return 0;
    if (value > to) return 1;
    if (from === to) return 0.5;
    const place = ((value - from) / (to - from)) * counts.length;
    const bin = Math.min(Math.floor(place), counts.length - 1);
    const below = counts.slice(0, bin).reduce((a, b) => a + b, 0);
    return (below + (place - bin) * (counts[bin] as number)) / total;
  };
}
