import type { GlowConfig } from '@glow-onnx/flow/manifest';
import { bitsPerDimension, pixelToBin, takesPixels } from '@glow-onnx/flow/pixels';
import { createRandom } from '@glow-onnx/flow/random';
import type { Fitted } from '../pictures/fits.js';
import { fromModel, type ModelImage, type RawImage } from '../pictures/images.js';
import type { ImageInput } from '../pictures/input.js';
import { groupBySize } from './batches.js';
import { type Bound, boundOf } from './bounds.js';
import { type Call, inImages, startCall } from './call.js';
import { collect } from './collect.js';
import { gatherDraws, streamOf } from './draws.js';
import type { EncodeOptions } from './encode-decode.js';
import { type FloatImage, isFloatImage, loadFloats } from './float-image.js';
import { type Batch, type Failed, type ImageItem, isFailed, mapItems } from './item.js';
import { loadImages } from './load-inputs.js';
import type { ModelParts } from './model-parts.js';
import { encodeBatches } from './run-batches.js';
import { trainingPercentile } from './training-percentile.js';

/** Options of `GlowModel.score` and `GlowModel.bitsPerDim`. Numbers have no bins, so no `draws`, `bound` and `seed`. */
export interface ScoreOptions extends EncodeOptions {
  /** Dequantisation draws of each image; default 8. */
  readonly draws?: number;
  /** How the draws become one number; default `mean`. */
  readonly bound?: Bound;
  /**
   * Of the draws: an integer from 0 on; default 0. The draws of an image depend on the seed and on its pixels alone, so
   * it has the same score beside other images.
   */
  readonly seed?: number;
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
  /** How the image was brought to another size. Undefined if the model saw it at its own. */
  readonly fitted?: Fitted;
}

export async function bitsPerDim(
  parts: ModelParts,
  images: readonly (ImageInput | FloatImage)[],
  options: ScoreOptions = {},
): Promise<number[]> {
  const call = startScoring(parts, 'bitsPerDim', images, options);
  const loaded = loadDraws(parts, call, images, options);
  const batches = groupBySize(parts, call, loaded);
  const scored = scoreDraws(parts, call, batches, options);
  const { bound = defaultBound } = options;
  return collect(call, scored, ({ values }) => boundOf[bound](values));
}

export async function score(
  parts: ModelParts,
  images: readonly (ImageInput | FloatImage)[],
  options: ScoreOptions = {},
): Promise<Score[]> {
  const { config, training } = parts.manifest;
  const { bound = defaultBound } = options;
  const percentileOf = trainingPercentile(training?.histogram);
  const call = startScoring(parts, 'score', images, options);
  const complexities = new Map<number, number>();
  const drawn = loadDraws(parts, call, images, options);
  const loaded = takesPixels(config) ? measure(drawn, config.bits, complexities) : drawn;
  const batches = groupBySize(parts, call, loaded);
  const scored = scoreDraws(parts, call, batches, options);
  return collect(call, scored, ({ image, values }) => {
    const bitsPerDim = boundOf[bound](values);
    const complexity = complexities.get(image) ?? null;
    const percentile = percentileOf(bitsPerDim);
    const typicality = percentile === null ? null : 2 * Math.min(percentile, 1 - percentile);
    const fitted = call.fitOf(image);
    return {
      ...{ bitsPerDim, percentile, typicality, complexity },
      excess: complexity === null ? null : bitsPerDim - complexity,
      ...(fitted && { fitted }),
    };
  });
}

function startScoring(
  { manifest }: ModelParts,
  name: string,
  images: readonly (ImageInput | FloatImage)[],
  options: ScoreOptions,
): Call {
  checkDraws(manifest.config, name, options);
  return startCall(manifest, name, images, inImages, options);
}

const defaultDraws = 8;
const defaultBound: Bound = 'mean';

/** @throws RangeError if an option is about the draws of a model that has no bins. */
function checkDraws(config: GlowConfig, name: string, options: ScoreOptions): void {
  if (takesPixels(config)) return;
  const given = (['draws', 'bound', 'seed'] as const).find((option) => options[option] !== undefined);
  if (given === undefined) return;
  throw new RangeError(
    `${name}: ${given}: this model takes numbers, which have no bins to draw noise in; leave ${given} out`,
  );
}

/** Loads each image as several draws of its dequantisation, and numbers as they are. */
function loadDraws(
  parts: ModelParts,
  call: Call,
  images: readonly (ImageInput | FloatImage)[],
  { draws = defaultDraws, seed = 0, bound: _, ...options }: ScoreOptions,
): AsyncGenerator<ImageItem | Failed> {
  const { config } = parts.manifest;
  if (!takesPixels(config)) return loadFloats(parts, call, images, options);
  const { bits } = config;
  const numbers = images.findIndex(isFloatImage);
  if (numbers >= 0) {
    throw new TypeError(
      `${call.placeOf(numbers).where}: bits/dim are about pixels, whose bins numbers do not have; pass the picture`,
    );
  }
  const start = (image: RawImage) => createRandom(seed, streamOf(image, bits)).uniform;
  return loadImages(parts, call, images as readonly ImageInput[], options, ['encode'], {
    count: draws,
    start,
  });
}

/** Bits/dim of every draw of each image. */
function scoreDraws(
  parts: ModelParts,
  call: Call,
  batches: AsyncIterable<Batch<ImageItem>>,
  { draws = defaultDraws }: ScoreOptions,
) {
  const { channels, bits } = parts.manifest.config;
  const encoded = encodeBatches(parts, call, batches);
  const scored = mapItems(encoded, ({ image, logProb, height, width }) => {
    const dimensions = channels * height * width;
    return { image, value: { bitsPerDim: bitsPerDimension(logProb, dimensions, bits), dimensions } };
  });
  return gatherDraws(scored, takesPixels({ bits }) ? draws : 1);
}

/** Notes the complexity of each image that passes. */
async function* measure(
  items: AsyncIterable<ImageItem | Failed>,
  bits: number,
  complexities: Map<number, number>,
): AsyncGenerator<ImageItem | Failed> {
  // A page that scores nothing does not load the compressor.
  const { complexityOf } = await import('../pictures/complexity.js');
  for await (const item of items) {
    if (!isFailed(item) && !complexities.has(item.image)) {
      complexities.set(item.image, complexityOf(binsOf(item, bits)));
    }
    yield item;
  }
}

/** The values of an image as an n-bit model counts them, 0 … 2ⁿ − 1. */
function binsOf(image: ModelImage, bits: number): RawImage {
  const pixels = fromModel(image, bits);
  return { ...pixels, data: pixels.data.map((pixel) => pixelToBin(pixel, bits)) };
}
