import type { GlowConfig } from '@glow-onnx/flow/manifest';
import { bitsPerDimension, pixelToBin, takesPixels } from '@glow-onnx/flow/pixels';
import { createRandom } from '@glow-onnx/flow/random';
import { mean } from '../mean.js';
import { fromModel, type ModelImage, type RawImage } from '../pictures/images.js';
import type { ImageInput } from '../pictures/input.js';
import { type Bound, boundOf, type DrawBits } from './bounds.js';
import type { Call } from './call.js';
import { gatherDraws, streamOf } from './draws.js';
import type { EncodeOptions } from './encode-decode.js';
import { type FloatImage, isFloatImage } from './float-image.js';
import { type Batch, type Failed, type ImageItem, isFailed, mapItems } from './item.js';
import { loadFloats } from './load-floats.js';
import { loadImages } from './load-inputs.js';
import type { ModelParts } from './model-parts.js';
import { encodeBatches } from './run-batches.js';
import { groupWithPasses, type SecondPass } from './second-passes.js';

/** Options of every call that measures images by draws of their dequantisation. Numbers have no bins, so none of the three. */
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
  readonly passes?: readonly SecondPass[];
}

/** The bits of an image, and what else was wanted. */
export interface Measured {
  readonly image: number;
  readonly bitsPerDim: number;
  /** Bits/dim of each level, the mean of the draws, finest first. Their sum, plus the bits of a value, is that of the image. */
  readonly levels: readonly number[];
  readonly complexity: number | undefined;
  /** What each second pass found. */
  readonly passes: Readonly<Partial<Record<SecondPass, number>>>;
}

/** @throws RangeError if an option is about the draws of a model that has no bins. */
export function checkDraws(config: GlowConfig, name: string, options: DrawOptions): void {
  if (takesPixels(config)) return;
  const given = (['draws', 'bound', 'seed'] as const).find((option) => options[option] !== undefined);
  if (given === undefined) return;
  throw new RangeError(
    `${name}: ${given}: this model takes numbers, which have no bins to draw noise in; leave ${given} out`,
  );
}

/** How often an image is drawn: numbers are taken as they are. */
export function drawsOf(config: GlowConfig, { draws = defaultDraws }: DrawOptions): number {
  return takesPixels(config) ? draws : 1;
}

/** Measures the images of a call, each as several draws of its dequantisation, and numbers as they are. */
export function measureImages(
  parts: ModelParts,
  call: Call,
  images: readonly (ImageInput | FloatImage)[],
  options: DrawOptions,
  wanted: Wanted = {},
): AsyncGenerator<Batch<Measured>> {
  const { bound = defaultBound } = options;
  const { config } = parts.manifest;
  const { bits, channels } = config;
  const complexities = new Map<number, number>();
  const noted = new Map<SecondPass, ReadonlyMap<number, number>>();
  const loaded = loadDraws(parts, call, images, options);
  const items =
    wanted.complexity && takesPixels(config) ? noteComplexities(loaded, bits, complexities) : loaded;
  const batches = groupWithPasses(parts, call, items, wanted.passes ?? [], noted);
  const encoded = encodeBatches(parts, call, batches);
  const drawn = mapItems(encoded, ({ image, logProb, logProbLevels, height, width }) => {
    const dimensions = channels * height * width;
    const levels = logProbLevels.map((each) => bitsPerDimension(each, dimensions, 0));
    const value: Draw = { bitsPerDim: bitsPerDimension(logProb, dimensions, bits), dimensions, levels };
    return { image, value };
  });
  return mapItems(gatherDraws(drawn, drawsOf(config, options)), ({ image, values }) => ({
    ...{ image, bitsPerDim: boundOf[bound](values) },
    levels: (values[0] as Draw).levels.map((_, level) =>
      mean(values.map((draw) => draw.levels[level] as number)),
    ),
    complexity: complexities.get(image),
    passes: Object.fromEntries([...noted].map(([name, values]) => [name, values.get(image) as number])),
  }));
}

/** Loads each image as several draws of its dequantisation, and numbers as they are. */
export function loadDraws(
  parts: ModelParts,
  call: Call,
  images: readonly (ImageInput | FloatImage)[],
  { draws = defaultDraws, seed = 0, bound: _, ...options }: DrawOptions,
): AsyncGenerator<ImageItem | Failed> {
  const { config } = parts.manifest;
  if (!takesPixels(config)) return loadFloats(parts, call, images, options);
  const numbers = images.findIndex(isFloatImage);
  if (numbers >= 0) {
    throw new TypeError(
      `${call.placeOf(numbers).where}: bits/dim are about pixels, whose bins numbers do not have; pass the picture`,
    );
  }
  const start = (image: RawImage) => createRandom(seed, streamOf(image, config.bits)).uniform;
  const drawn = { count: draws, start };
  return loadImages(parts, call, images as readonly ImageInput[], options, ['encode'], drawn);
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
