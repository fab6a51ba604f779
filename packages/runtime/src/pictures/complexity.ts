import { deflateSync } from 'fflate';
import type { RawImage } from './images.js';

type Predict = (left: number, up: number, upLeft: number) => number;

/** PNG's filters: a value less what its neighbours foretell. */
const predictions: readonly Predict[] = [
  () => 0,
  (left) => left,
  (_, up) => up,
  (left, up) => (left + up) >> 1,
  paeth,
];

/** The neighbour that is nearest to left + up − upLeft (W3C PNG, §9.4). */
function paeth(left: number, up: number, upLeft: number): number {
  const estimate = left + up - upLeft;
  const [toLeft, toUp, toUpLeft] = [left, up, upLeft].map((value) => Math.abs(estimate - value)) as [
    number,
    number,
    number,
  ];
  if (toLeft <= toUp && toLeft <= toUpLeft) return left;
  return toUp <= toUpLeft ? up : upLeft;
}

/**
 * Bits per dimension of a lossless code of a picture's values: what PNG does, filter and deflate, without PNG's
 * headers; the shortest code of five, one per filter for the whole picture. fflate's version is pinned, so that a
 * picture has the same complexity everywhere.
 * Source: Serrà et al. 2020 (arXiv:1909.11480), who take the best of several such compressors.
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
