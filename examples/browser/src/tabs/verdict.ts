import type { Score } from '@glow-onnx/runtime';

/** The histogram of held-out pictures' bits/dim that training leaves in a manifest. */
export interface Histogram {
  readonly from: number;
  readonly to: number;
  readonly counts: readonly number[];
}

/** What a score says in words, and no more than it says. @param faces how many the histogram counts. */
export function verdict({ percentile, typicality }: Score, faces: number): { title: string; text: string } {
  if (percentile === null || typicality === null) {
    return { title: 'no verdict', text: 'This model came without scores of held-out faces to compare with.' };
  }
  const known = `${faces.toLocaleString('en')} faces that the model has never seen`;
  const passes = 'passes as one of us';
  if (percentile >= 0.5) {
    const text = `More surprising than ${share(percentile)} of ${known}.`;
    return { title: typicality >= 0.05 ? passes : typicality > 0 ? 'an odd one' : 'a stranger', text };
  }
  const text = `Less surprising than ${share(1 - percentile)} of ${known}.`;
  return { title: typicality >= 0.05 ? passes : 'too plain to be one of us', text };
}

function share(part: number): string {
  if (part === 1) return 'every one';
  return part > 0.995 ? 'nearly all' : `${Math.round(part * 100)} %`;
}
