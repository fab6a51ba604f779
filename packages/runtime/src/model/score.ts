import { bitsPerDimension, pixelToBin } from '@glow-onnx/flow/pixels';
import { createRandom } from '@glow-onnx/flow/random';
import { checkInteger } from '../check.js';
import { mean } from '../mean.js';
import { complexityOf } from '../pictures/complexity.js';
import { fromModel, type ModelImage, type RawImage } from '../pictures/images.js';
import type { ImageInput } from '../pictures/input.js';
import type { EncodeOptions } from './encode-decode.js';
import { type Item, type ModelParts, picturesOf, planInputs, runPass } from './passes.js';
import { type EncodeItem, encodeBatch } from './run-graphs.js';

export interface ScoreOptions extends EncodeOptions {
  /** Dequantisation draws to average over; default 8. */
  readonly draws?: number;
  /** Default 0. */
  readonly seed?: number;
}

/** How far a picture is of the kind that a model was trained on. No single number of these decides it. */
export interface Score {
  /** As `bitsPerDim` gives it: the model's own surprise. Simple pictures get low values, whatever they show. */
  readonly bitsPerDim: number;
  /** Share of the pictures held out in training that have fewer bits/dim; null if the manifest has no histogram. */
  readonly percentile: number | null;
  /**
   * Two-sided: share of the held-out pictures that lie as far out as this one or farther, on either side. 1 is the
   * median, 0 beyond all of them. Null if the manifest has no histogram.
   */
  readonly typicality: number | null;
  /** Bits/dim of a lossless compressor that knows no pictures. */
  readonly complexity: number;
  /** bitsPerDim − complexity: higher is stranger. */
  readonly excess: number;
}

export function bitsPerDim(
  parts: ModelParts,
  images: readonly ImageInput[],
  options: ScoreOptions = {},
): Promise<number[]> {
  return runPass(parts, { ...planDraws(parts, 'bitsPerDim', images, options), combine: mean });
}

export function score(
  parts: ModelParts,
  images: readonly ImageInput[],
  options: ScoreOptions = {},
): Promise<Score[]> {
  const { config, training } = parts.manifest;
  const percentileOf = trainingPercentile(training?.histogram);
  const plan = planDraws(parts, 'score', images, options);
  const complexities: number[] = [];
  function* measured(items: Iterable<Item | Error>, image: number) {
    for (const item of items) {
      if ('x' in item) complexities[image] ??= complexityOf(binsOf(item, config.bits));
      yield item;
    }
  }
  const itemsOf = async (image: number) => measured(await plan.itemsOf(image), image);
  const combine = (draws: readonly number[], image: number): Score => {
    const bitsPerDim = mean(draws);
    const complexity = complexities[image] as number;
    const percentile = percentileOf(bitsPerDim);
    const typicality = percentile === null ? null : 2 * Math.min(percentile, 1 - percentile);
    return { bitsPerDim, percentile, typicality, complexity, excess: bitsPerDim - complexity };
  };
  return runPass(parts, { ...plan, itemsOf, combine });
}

/** Bits/dim of each draw of each image. */
function planDraws(
  parts: ModelParts,
  where: string,
  images: readonly ImageInput[],
  { draws = 8, seed = 0, ...options }: ScoreOptions,
) {
  checkInteger(where, 'draws', draws, 1);
  checkInteger(where, 'seed', seed, 0);
  const { config } = parts.manifest;
  const startDraws = (image: number) => createRandom(seed, image).uniform;
  const inputs = { ...picturesOf(images), draws, startDraws };
  return {
    ...planInputs(parts, { ...options, ...inputs, where }),
    run: async (batch: readonly Item[]): Promise<(number | Error)[]> => {
      const pictures = batch as readonly EncodeItem[];
      const encoded = await encodeBatch(await parts.graphs.encoder(), config, pictures);
      return encoded.map((image, i) => {
        if (image instanceof Error) return image;
        return bitsPerDimension(image.logProb, (pictures[i] as EncodeItem).x.length, config.bits);
      });
    },
  };
}

/** The picture's values as an n-bit model counts them, 0 … 2ⁿ − 1. */
function binsOf(image: ModelImage, bits: number): RawImage {
  const picture = fromModel(image, bits);
  return { ...picture, data: picture.data.map((pixel) => pixelToBin(pixel, bits)) };
}

/**
 * The share of a histogram's pictures below a value, even within a bin; 0 below all, 1 above all.
 * { from: 1, to: 3, counts: [1, 3] } at 2.5: (1 + 3/2) / 4.
 * @throws RangeError if there is a histogram and it is none.
 */
export function trainingPercentile(histogram: unknown): (value: number) => number | null {
  if (histogram === undefined) return () => null;
  const { from, to, counts } = (histogram ?? {}) as { from: number; to: number; counts: readonly number[] };
  const isCount = (count: unknown) => Number.isSafeInteger(count) && (count as number) >= 0;
  const total = Array.isArray(counts) && counts.every(isCount) ? counts.reduce((a, b) => a + b, 0) : 0;
  if (!(Number.isFinite(from) && Number.isFinite(to) && from <= to && total > 0)) {
    throw new RangeError(
      'score: manifest.json: training.histogram: expected { from, to, counts } with numbers of pictures in ' +
        'equal bins; export the model again',
    );
  }
  return (value) => {
    if (value < from) return 0;
    if (value > to) return 1;
    if (from === to) return 0.5;
    const place = ((value - from) / (to - from)) * counts.length;
    const bin = Math.min(Math.floor(place), counts.length - 1);
    const below = counts.slice(0, bin).reduce((a, b) => a + b, 0);
    return (below + (place - bin) * (counts[bin] as number)) / total;
  };
}
