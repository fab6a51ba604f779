import { createRandom } from '@glow-onnx/flow';
import type { FloatImage } from '@glow-onnx/runtime';

/** Standard deviations of the innovation of each channel, far from those of pixels. */
const deviations = [0.01, 3, 400] as const;
/** How much of the row above each row repeats. */
const memory = 0.9;
const side = 4;

/** A Gaussian field of three channels of 4×4, and its bits per number under its own density. */
export interface GaussianField extends FloatImage {
  readonly bitsPerDim: number;
}

/**
 * Fields that repeat 0.9 of the row above: x[r] = 0.9·x[r − 1] + σ·ε. The Jacobian of ε → x is triangular with σ on its
 * diagonal, so −log p(x) = Σ log σ + ½·log 2π + ½·ε².
 */
export function gaussianFields(count: number, seed = 7): GaussianField[] {
  return Array.from({ length: count }, (_, i) => {
    const random = createRandom(seed, i);
    const data = new Float32Array(deviations.length * side * side);
    let nats = 0;
    for (let at = 0; at < data.length; at++) {
      const deviation = deviations[Math.floor(at / side ** 2)];
      const above = at % side ** 2 < side ? 0 : data[at - side];
      const noise = random.normal();
      data[at] = memory * above + deviation * noise;
      nats += Math.log(deviation) + Math.log(2 * Math.PI) / 2 + noise ** 2 / 2;
    }
    const bitsPerDim = nats / (data.length * Math.LN2);
    return { shape: [deviations.length, side, side] as const, data, bitsPerDim };
  });
}

/** Bits per number that a model loses which sees each number alone: half the log of its variance over σ². */
export const bitsOfTheRowsAbove: number = Array.from({ length: side }, (_, row) => {
  const variance = (1 - memory ** (2 * (row + 1))) / (1 - memory ** 2);
  return Math.log2(variance) / 2 / side;
}).reduce((sum, bits) => sum + bits, 0);
