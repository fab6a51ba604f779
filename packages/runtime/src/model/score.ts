import type { Calibration } from '../calibration/calibration.js';
import type { Verdict } from '../calibration/judge.js';
import type { Fitted } from '../pictures/fits.js';
import type { ImageInput } from '../pictures/input.js';
import { valuesOf } from './calibrate.js';
import { startCall } from './call.js';
import { collect } from './collect.js';
import type { FloatImage } from './float-image.js';
import { judgementBy } from './judgement.js';
import { checkDraws, type DrawOptions, measureImages } from './measure.js';
import type { ModelParts } from './model-parts.js';
import { trainingPercentile } from './training-percentile.js';

/** Options of `GlowModel.score`. */
export interface ScoreOptions extends DrawOptions {
  /** What `calibrate` returned for this model: each image then gets a verdict. Draws, bound and fit default to its own. */
  readonly calibration?: Calibration;
  /** The false-alarm rate of the verdicts; default: that of the calibration. */
  readonly falseAlarms?: number;
}

/** How well an image resembles the training images. No single number of these decides it. */
export interface Score {
  /** As the method `bitsPerDim` gives it. Simple images get low values, whatever they show. */
  readonly bitsPerDim: number;
  /** Share of the images held out in training that have fewer bits/dim; null if the manifest has no histogram. */
  readonly percentile: number | null;
  /**
   * Two-sided: share of the held-out images that lie as far from the median as this one or farther, on either side.
   * 1 is the median, 0 is beyond all of them. Null if the manifest has no histogram.
   */
  readonly typicality: number | null;
  /** Bits/dim of a lossless compressor that was not trained on any images. Null for numbers. */
  readonly complexity: number | null;
  /** bitsPerDim − complexity. A higher value means a less usual image. Null for numbers. */
  readonly excess: number | null;
  /** With a calibration: how the image compares with its good images. */
  readonly verdict?: Verdict;
  /** How the image was brought to another size. Undefined if the model saw it at its own. */
  readonly fitted?: Fitted;
}

export async function bitsPerDim(
  parts: ModelParts,
  images: readonly (ImageInput | FloatImage)[],
  options: DrawOptions = {},
): Promise<number[]> {
  checkDraws(parts.manifest.config, 'bitsPerDim', options);
  const call = startCall(parts.manifest, 'bitsPerDim', images, options);
  return collect(call, measureImages(parts, call, images, options), ({ bitsPerDim }) => bitsPerDim);
}

export async function score(
  parts: ModelParts,
  images: readonly (ImageInput | FloatImage)[],
  { calibration, falseAlarms, ...given }: ScoreOptions = {},
): Promise<Score[]> {
  const { training } = parts.manifest;
  if (falseAlarms !== undefined && !calibration) {
    throw new RangeError('score: falseAlarms is about verdicts; pass a calibration too, or leave it out');
  }
  const percentileOf = trainingPercentile(training?.histogram);
  checkDraws(parts.manifest.config, 'score', given);
  const judgement = calibration && judgementBy(parts, calibration, falseAlarms, given);
  const options = { ...given, ...judgement?.scoring };
  const call = startCall(parts.manifest, 'score', images, options);
  const wanted = { ...judgement?.wanted, complexity: true };
  return collect(call, measureImages(parts, call, images, options, wanted), (measured) => {
    const { bitsPerDim, image } = measured;
    const complexity = measured.complexity ?? null;
    const percentile = percentileOf(bitsPerDim);
    const typicality = percentile === null ? null : 2 * Math.min(percentile, 1 - percentile);
    const fitted = call.fitOf(image);
    return {
      ...{ bitsPerDim, percentile, typicality, complexity },
      excess: complexity === null ? null : bitsPerDim - complexity,
      ...(judgement && { verdict: judgement.judge(valuesOf(measured)) }),
      ...(fitted && { fitted }),
    };
  });
}
