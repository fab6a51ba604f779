import type { Score } from '@glow-onnx/runtime';

/** The histogram of held-out pictures' bits/dim that training leaves in a manifest. */
export interface Histogram {
  readonly from: number;
  readonly to: number;
  readonly counts: readonly number[];
}

/** What a score says in words, and no more than it says. */
export function verdict({ percentile, typicality }: Score, faces: number): { title: string; text: string } {
  if (percentile === null || typicality === null) {
    return {
      title: 'No verdict',
      text: 'This model came without the scores of held-out pictures to compare with.',
    };
  }
  const known = `${faces.toLocaleString('en')} faces the model has not seen`;
  const share = (part: number) =>
    part === 1 ? 'all' : part > 0.995 ? 'almost all' : `${Math.round(part * 100)} %`;
  if (percentile >= 0.5) {
    const text = `It surprises the model more than ${share(percentile)} of ${known} do.`;
    if (typicality >= 0.05) return { title: 'Passes as one of us', text };
    return { title: typicality === 0 ? 'A stranger' : 'A stranger, most likely', text };
  }
  const text = `It surprises the model less than ${share(1 - percentile)} of ${known} do.`;
  return { title: typicality >= 0.05 ? 'Passes as one of us' : 'Too plain to be one of us', text };
}
