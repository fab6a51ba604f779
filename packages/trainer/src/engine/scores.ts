import type { GlowConfig } from '@glow-onnx/flow';
import { bitsPerDimension, latentShapes, sizeOf } from '@glow-onnx/flow/internal';

/** bits/dim of the images of a batch. */
export interface Scores {
  readonly bitsPerDim: Float64Array;
  /**
   * What each level adds to it, the finest first: its logDet and the density of its latent, and of the bits of pixels
   * the latent's share of the dimensions.
   */
  readonly bitsPerDimLevels: readonly Float64Array[];
}

/** From log p of each image in nats, the whole and by level, of images of the size that the model has. */
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

/** Those of the parts of a batch, in order. */
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
