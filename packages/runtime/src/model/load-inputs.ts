import type { GlowConfig } from '@glow-onnx/flow/manifest';
import { takesPixels } from '@glow-onnx/flow/pixels';
import type { GraphKind } from '../graphs/signature.js';
import { type FitRule, type FittedPixels, fits, isSameSize } from '../pictures/fits.js';
import { type RawImage, toModel } from '../pictures/images.js';
import type { ImageInput } from '../pictures/input.js';
import type { PictureSize } from '../pictures/limits.js';
import { loadImage } from '../pictures/load-image.js';
import { type Call, type FitOptions, type Place, placesOf } from './call.js';
import { type Failed, failedAt, type ImageItem, isFailed, type LatentsItem } from './item.js';
import { checkLatents, type Latents, looksLikeLatents } from './latents.js';
import type { ModelParts } from './model-parts.js';

/** An image, or the latents of one. */
export type Input = ImageInput | Latents;

/** How the bins of an image become x: `count` items for each image, one after another. */
export interface Draws {
  readonly count: number;
  /** Starts the source of u for all draws of an image. */
  readonly start: (image: RawImage) => () => number;
}

const centre = () => 0.5;
/** One item for each image, at the centres of its bins. */
const centres: Draws = { count: 1, start: () => centre };

type Config = Pick<ModelParts, 'manifest' | 'memory'>;
type Codec = Pick<ModelParts, 'codec'>;

/** Loads the images of a call one by one, as they are asked for. @param graphs those that each image will run through. */
export async function* loadImages(
  parts: Config & Codec,
  call: Call,
  images: readonly ImageInput[],
  { fit = fits[0] }: Pick<FitOptions, 'fit'>,
  graphs: readonly GraphKind[],
  draws: Draws = centres,
): AsyncGenerator<ImageItem | Failed> {
  for (const place of placesOf(call)) {
    const input = images[place.image] as ImageInput;
    for (const item of await loadOne(parts, call, place, input, { fit }, graphs, draws)) yield item;
  }
}

/** Checks the latents of a call one by one. */
export async function* takeLatents(
  parts: Config,
  call: Call,
  z: readonly Latents[],
): AsyncGenerator<LatentsItem | Failed> {
  for (const place of placesOf(call)) {
    yield takeOne(parts, place, z[place.image] as Latents);
  }
}

/** The size of all images that a call combines, and what it is the size of. */
export interface OneSize extends PictureSize {
  readonly of: string;
}

/**
 * Loads the images that a call combines; any of them may be given as latents. All get one size.
 * @param given that size; default: the size of the first latents, else of the first image.
 */
export async function* loadInputs(
  parts: Config & Codec,
  call: Call,
  inputs: readonly Input[],
  { fit = fits[0] }: Pick<FitOptions, 'fit'>,
  given?: OneSize,
): AsyncGenerator<ImageItem | LatentsItem | Failed> {
  let size = given ?? sizeOfLatents(parts.manifest.config, call, inputs);
  for (const place of placesOf(call)) {
    const input = inputs[place.image] as Input;
    const items = looksLikeLatents(input)
      ? [takeOne(parts, place, input, size)]
      : await loadOne(parts, call, place, input, { fit, size }, ['encode', 'decode'], centres);
    for (const item of items) {
      if (!isFailed(item)) size ??= { height: item.height, width: item.width, of: call.nameOf(item.image) };
      yield item;
    }
  }
}

function sizeOfLatents(config: GlowConfig, { nameOf }: Call, inputs: readonly Input[]): OneSize | undefined {
  const image = inputs.findIndex(looksLikeLatents);
  if (image < 0) return undefined;
  const of = nameOf(image);
  try {
    return { ...checkLatents(config, inputs[image] as Latents, of), of };
  } catch {
    return undefined; // an error in its turn
  }
}

/** Loads one image. Its draws are made as they are asked for, as many as there are. */
export async function loadOne(
  { manifest: { config }, codec, memory }: Config & Codec,
  call: Call,
  place: Place,
  input: ImageInput,
  rule: FitRule,
  graphs: readonly GraphKind[],
  draws: Draws = centres,
): Promise<Iterable<ImageItem | Failed>> {
  const { where } = place;
  let loaded: FittedPixels;
  try {
    if (!takesPixels(config)) throw new RangeError(`${where}: ${takesNumbers(config)}`);
    loaded = await loadImage(config, codec, input, rule, where, call.signal);
    memory.check(where, loaded.image, graphs, smaller(config));
  } catch (error) {
    call.signal?.throwIfAborted();
    return [failedAt(place, error)];
  }
  const { image, fitted } = loaded;
  if (fitted) call.noteFit(place.image, fitted);
  return drawItems(place, image, config, draws);
}

function* drawItems(
  place: Place,
  image: RawImage,
  { bits }: GlowConfig,
  { count, start }: Draws,
): Generator<ImageItem> {
  const nextU = start(image);
  for (let draw = 0; draw < count; draw++) yield { ...place, ...toModel(image, bits, nextU) };
}

/** Why a model refuses a picture. */
function takesNumbers({ channels }: GlowConfig): string {
  return (
    'this model takes numbers, not pictures; pass them as ' +
    `{ shape: [${channels}, height, width], data: Float32Array }`
  );
}

function smaller({ height, width }: GlowConfig): string {
  return `make it smaller: fit: "cover" gives the ${height}×${width} of training`;
}

/** @param expected the size that the latents' image must have. */
function takeOne(
  { manifest, memory }: Config,
  place: Place,
  latents: Latents,
  expected?: OneSize,
): LatentsItem | Failed {
  try {
    const size = checkLatents(manifest.config, latents, place.where);
    if (expected && !isSameSize(size, expected)) {
      const [got, wanted] = [size, expected].map(({ height, width }) => `${height}×${width}`);
      throw new RangeError(
        `${place.where}: latents of an image of ${got}, expected ${wanted} as of ${expected.of}; ` +
          'encode their images at one size',
      );
    }
    memory.check(place.where, size, ['decode'], 'decode latents of smaller images');
    return { ...place, latents, ...size };
  } catch (error) {
    return failedAt(place, error);
  }
}
