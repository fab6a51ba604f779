import { bitsPerDimension, pixelToBin } from '@glow-onnx/flow/pixels';
import { createRandom } from '@glow-onnx/flow/random';
import { mean } from '../mean.js';
import { fromModel, type ModelImage, type RawImage } from '../pictures/images.js';
import type { ImageInput } from '../pictures/input.js';
import { groupBySize } from './batches.js';
import { type Bound, boundOf, type DrawBits } from './bounds.js';
import type { Call } from './call.js';
import { gatherDraws, streamOf } from './draws.js';
import type { EncodeOptions } from './encode-decode.js';
import { noteGradientNorms } from './gradient-norms.js';
import { type Batch, type Failed, type ImageItem, isFailed, mapItems } from './item.js';
import { loadImages } from './load-inputs.js';
import type { ModelParts } from './model-parts.js';
import { encodeBatches } from './run-batches.js';

/** Options of every call that measures images by draws of their dequantisation. */
export interface DrawOptions extends EncodeOptions {
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

export const defaultDraws = 8;
export const defaultBound: Bound = 'mean';

/** What is measured of an image besides its bits. */
export interface Wanted {
  readonly complexity?: boolean;
  readonly gradient?: boolean;
}

/** The bits of an image, and what else was wanted. */
export interface Measured {
  readonly image: number;
  readonly bitsPerDim: number;
  /** Bits/dim of each level, the mean of the draws, finest first. Their sum, plus the bits of a value, is that of the image. */
  readonly levels: readonly number[];
  readonly complexity: number | undefined;
  /** Length of ∂ log p/∂x at the first draw, in nats per unit of x. */
  readonly gradient: number | undefined;
}

/** Measures the images of a call, each as several draws of its dequantisation. */
export function measureImages(
  parts: ModelParts,
  call: Call,
  images: readonly ImageInput[],
  { draws = defaultDraws, bound = defaultBound, seed = 0, ...options }: DrawOptions,
  wanted: Wanted = {},
): AsyncGenerator<Batch<Measured>> {
  const { bits, channels } = parts.manifest.config;
  const complexities = new Map<number, number>();
  const gradients = new Map<number, number>();
  const start = (image: RawImage) => createRandom(seed, streamOf(image, bits)).uniform;
  const loaded = loadImages(parts, call, images, options, ['encode'], { count: draws, start });
  const noted = wanted.complexity ? noteComplexities(loaded, bits, complexities) : loaded;
  const batches = wanted.gradient
    ? noteGradientNorms(parts, call, noted, gradients)
    : groupBySize(parts, call, noted);
  const encoded = encodeBatches(parts, call, batches);
  const drawn = mapItems(encoded, ({ image, logProb, logProbLevels, height, width }) => {
    const dimensions = channels * height * width;
    const levels = logProbLevels.map((each) => bitsPerDimension(each, dimensions, 0));
    const value: Draw = { bitsPerDim: bitsPerDimension(logProb, dimensions, bits), dimensions, levels };
    return { image, value };
  });
  return mapItems(gatherDraws(drawn, draws), ({ image, values }) => ({
    ...{ image, bitsPerDim: boundOf[bound](values) },
    levels: (values[0] as Draw).levels.map((_, level) =>
      mean(values.map((draw) => draw.levels[level] as number)),
    ),
    ...{ complexity: complexities.get(image), gradient: gradients.get(image) },
  }));
}

interface Draw extends DrawBits {
  readonly levels: readonly number[];
}

/** Notes the complexity of each image that passes. */
async function* noteComplexities(
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
