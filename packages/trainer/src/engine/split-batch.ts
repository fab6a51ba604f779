import type { Batch } from './contract.js';

/** Parts of nearly equal size, in order; fewer of them if there are fewer images. */
export function splitBatch({ count, x, classes }: Batch, most: number): Batch[] {
  const parts = Math.min(most, count);
  const stride = x.length / count;
  return Array.from({ length: parts }, (_, i) => {
    const from = Math.round((i * count) / parts);
    const to = Math.round(((i + 1) * count) / parts);
    return {
      count: to - from,
      x: x.slice(from * stride, to * stride),
      ...(classes && { classes: classes.slice(from, to) }),
    };
  });
}

/** target += factor·source. */
export function addScaled(target: Float32Array, source: Float32Array, factor: number): void {
  for (let i = 0; i < target.length; i++) target[i] += factor * source[i];
}
