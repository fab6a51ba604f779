import type { GlowModel, Score } from '@glow-onnx/runtime';

/** The histogram of the bits/dim of held-out images, which training writes to the manifest. */
export interface Histogram {
  readonly from: number;
  readonly to: number;
  readonly counts: readonly number[];
}

/** The histogram of a model; undefined if its folder has none to draw. */
export async function histogramOf({ manifest }: GlowModel): Promise<Histogram | undefined> {
  const histogram = manifest.training?.histogram as Histogram | undefined;
  const isDrawable =
    histogram?.counts.length && histogram.counts.length <= mostBins && histogram.from < histogram.to;
  return isDrawable ? histogram : undefined;
}

const mostBins = 1000;

const countOf = ({ counts }: Histogram) => counts.reduce((sum, count) => sum + count, 0);

/** Below this typicality an image counts as unusual: 5 % of honest images are. */
const leastTypical = 0.05;

export const isUnusual = ({ typicality }: Score) => typicality !== null && typicality < leastTypical;

/**
 * Describes a score in words.
 * @param histogram the held-out images that the score was compared with.
 * @param many the word for several of them, such as 'faces'.
 */
export function verdict(
  { percentile, typicality }: Score,
  histogram: Histogram | undefined,
  many: string,
): { title: string; text: string } {
  if (percentile === null || typicality === null || !histogram) {
    return { title: 'no result', text: `This model has no scores of unseen ${many} to compare with.` };
  }
  const known = `${countOf(histogram).toLocaleString('en')} ${many} that the model has never seen`;
  const typical = `resembles the training ${many}`;
  if (percentile >= 0.5) {
    const text = `Less likely than ${share(percentile)} of ${known}.`;
    const strange = typicality > 0 ? 'unusual' : `unlike the training ${many}`;
    return { title: typicality >= leastTypical ? typical : strange, text };
  }
  const text = `More likely than ${share(1 - percentile)} of ${known}.`;
  return { title: typicality >= leastTypical ? typical : `plainer than the training ${many}`, text };
}

function share(part: number): string {
  if (part === 1) return 'all';
  return part > 0.995 ? 'nearly all' : `${Math.round(part * 100)} %`;
}
