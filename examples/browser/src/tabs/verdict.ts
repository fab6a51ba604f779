import type { Score } from '@glow-onnx/runtime';

/** The histogram of the bits/dim of held-out images, which training writes to the manifest. */
export interface Histogram {
  readonly from: number;
  readonly to: number;
  readonly counts: readonly number[];
}

/** Describes a score in words. @param faces the number of faces in the histogram. */
export function verdict({ percentile, typicality }: Score, faces: number): { title: string; text: string } {
  if (percentile === null || typicality === null) {
    return { title: 'no result', text: 'This model has no scores of held-out faces to compare with.' };
  }
  const known = `${faces.toLocaleString('en')} faces that the model has never seen`;
  const typical = 'resembles the training faces';
  if (percentile >= 0.5) {
    const text = `Less likely than ${share(percentile)} of ${known}.`;
    return {
      title: typicality >= 0.05 ? typical : typicality > 0 ? 'unusual' : 'unlike the training faces',
      text,
    };
  }
  const text = `More likely than ${share(1 - percentile)} of ${known}.`;
  return { title: typicality >= 0.05 ? typical : 'plainer than the training faces', text };
}

function share(part: number): string {
  if (part === 1) return 'all';
  return part > 0.995 ? 'nearly all' : `${Math.round(part * 100)} %`;
}
