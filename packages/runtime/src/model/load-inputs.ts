import type { GlowConfig } from '@glow-onnx/flow/manifest';
import type { GraphKind } from '../graphs/signature.js';
import type { Fit } from '../pictures/fit.js';
import { toModel } from '../pictures/images.js';
import type { ImageInput } from '../pictures/input.js';
import { loadImage } from '../pictures/load-image.js';
import { type Call, type Place, placesOf } from './call.js';
import { type Failed, failedAt, type ImageItem, type LatentsItem } from './item.js';
import { checkLatents, type Latents } from './latents.js';
import type { ModelParts } from './model-parts.js';

/** An image, or the latents of one. */
export type Input = ImageInput | Latents;

export interface Fitting {
  readonly fit?: Fit;
}

/** How the bins of an image become x: `count` items for each image, one after another. */
export interface Draws {
  readonly count: number;
  /** Starts the source of u for all draws of the image at this place in the call. */
  readonly start: (image: number) => () => number;
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
  { fit }: Fitting,
  graphs: readonly GraphKind[],
  draws: Draws = centres,
): AsyncGenerator<ImageItem | Failed> {
  for (const place of placesOf(call)) {
    yield* loadOne(parts, place, images[place.image] as ImageInput, fit, graphs, draws);
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

/** Both of these, for a call whose images may be given as latents. */
export async function* loadInputs(
  parts: Config & Codec,
  call: Call,
  inputs: readonly Input[],
  { fit }: Fitting,
): AsyncGenerator<ImageItem | LatentsItem | Failed> {
  for (const place of placesOf(call)) {
    const input = inputs[place.image] as Input;
    if (looksLikeLatents(input)) yield takeOne(parts, place, input);
    else yield* loadOne(parts, place, input, fit, ['encode', 'decode'], centres);
  }
}

/** Loads one image, as often as there are draws. */
export async function* loadOne(
  { manifest: { config }, codec, memory }: Config & Codec,
  place: Place,
  input: ImageInput,
  fit: Fit | undefined,
  graphs: readonly GraphKind[],
  draws: Draws = centres,
): AsyncGenerator<ImageItem | Failed> {
  const { where } = place;
  const load = async () => {
    const image = await loadImage(config, codec, input, fit, where);
    memory.check(where, image, graphs, smaller(config));
    return image;
  };
  const loaded = await load().catch((error: unknown) => failedAt(place, error));
  if ('error' in loaded) {
    yield loaded;
    return;
  }
  const nextU = draws.start(place.image);
  for (let draw = 0; draw < draws.count; draw++) yield { ...place, ...toModel(loaded, config.bits, nextU) };
}

function smaller({ height, width }: GlowConfig): string {
  return `make it smaller: fit: "cover" gives the ${height}×${width} of training`;
}

function takeOne({ manifest, memory }: Config, place: Place, latents: Latents): LatentsItem | Failed {
  try {
    const size = checkLatents(manifest.config, latents, place.where);
    memory.check(place.where, size, ['decode'], 'decode latents of smaller images');
    return { ...place, latents, ...size };
  } catch (error) {
    return failedAt(place, error);
  }
}

function looksLikeLatents(input: Input): input is Latents {
  return typeof input === 'object' && input !== null && 'levels' in input;
}
