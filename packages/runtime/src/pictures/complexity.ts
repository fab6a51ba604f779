import { deflateSync } from 'fflate';
import type { RawImage } from './images.js';
import { paeth } from './paeth.js';

type Predict = (left: number, up: number, upLeft: number) => number;

/** The predictors of the five PNG filters. A filter stores each value minus its prediction. */
const predictions: readonly Predict[] = [
  () => 0,
  (left) => left,
  (_, up) => up,
  (left, up) => (left + up) >> 1,
  paeth,
];

/**
 * The complexity of an image: bits per dimension of its shortest lossless code. The codes are those of PNG without
 * its headers: one filter for the whole image, then deflate. The shortest of the five filters counts.
 *
 * The version of fflate is pinned, so that an image has the same complexity everywhere.
 * Source: Serrà et al. 2020 (arXiv:1909.11480), who take the shortest code of several compressors.
 */
export function complexityOf({ data, height, width, channels }: RawImage): number {
  const codes = predictions.map((predict) => {
    const residuals = filter(data, height, width * channels, channels, predict);
    return deflateSync(residuals, { level: 9, mem: 8 }).length;
  });
  return (8 * Math.min(...codes)) / data.length;
}

function filter(
  data: Uint8Array,
  rows: number,
  stride: number,
  channels: number,
  predict: Predict,
): Uint8Array {
  const residuals = new Uint8Array(data.length);
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < stride; column++, at++) {
      const hasLeft = column >= channels;
      const left = hasLeft ? (data[at - channels] as number) : 0;
      const up = row > 0 ? (data[at - stride] as number) : 0;
      const upLeft = hasLeft && row > 0 ? (data[at - stride - channels] as number) : 0;
      residuals[at] = (data[at] as number) - predict(left, up, upLeft);
    }
  }
  return residuals;
}
