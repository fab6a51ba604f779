import type { GlowConfig } from '@glow-onnx/flow';
import { bitsPerDimension, latentShapes, sizeOf } from '@glow-onnx/flow/internal';

/** How well the model predicts the images of a batch: bits/dim, lower is better. Of numbers, those of a density. */
export interface Scores {
  /** Of each image. */
  readonly bitsPerDim: Float64Array;
  /**
   * The part of it that each level adds, the finest level first: its logDet, the density of its latent, and the bits
   * of a pixel by the latent's share of the dimensions.
   */
  readonly bitsPerDimLevels: readonly Float64Array[];
}

/** Scores from log p of each image in nats: in total, and the part of each level. Images have the model's size. */
export function scoresOf(
  config: GlowConfig,
  logProb: ArrayLike<number>,
  logProbLevels: readonly ArrayLike<number>[],
): Scores {
  const { channels, height, width, bits } = config;
  const dimensions = channels * height * width;
  const inBits = (nats: ArrayLike<number>, of: number): Float64Array =>
    Float64Array.from(nats, (value) => bitsPerDimension(value, dimensions, of));
  const latents = latentShapes(config, 1, height, width).map(sizeOf);
  return {
    bitsPerDim: inBits(logProb, bits),
    bitsPerDimLevels: logProbLevels.map((nats, l) => inBits(nats, (bits * latents[l]) / dimensions)),
  };
}

/** The scores of a batch from the scores of its parts, in order. */
export function joinScores(parts: readonly Scores[]): Scores {
  return {
    bitsPerDim: joined(parts.map(({ bitsPerDim }) => bitsPerDim)),
    bitsPerDimLevels: parts[0].bitsPerDimLevels.map((_, l) =>
      joined(parts.map(({ bitsPerDimLevels }) => bitsPerDimLevels[l])),
    ),
  };
}

export function joined(parts: readonly Float64Array[]): Float64Array {
  return Float64Array.from(parts.flatMap((part) => [...part]));
}
