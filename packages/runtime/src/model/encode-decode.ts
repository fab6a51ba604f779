import type { Fitted } from '../pictures/fits.js';
import { fromModel, type RawImage } from '../pictures/images.js';
import type { ImageInput } from '../pictures/input.js';
import { groupBySize } from './batches.js';
import { type Call, type CallOptions, type FitOptions, startCall } from './call.js';
import { collect } from './collect.js';
import type { FloatImage } from './float-image.js';
import type { Label } from './labels.js';
import type { Latents } from './latents.js';
import { loadFloats } from './load-floats.js';
import { loadImages, takeLatents } from './load-inputs.js';
import type { ModelParts } from './model-parts.js';
import { decodeBatches, encodeBatches, roundTripBatches } from './run-batches.js';

export interface EncodeOptions extends FitOptions {
  /** One class for all images, or one for each. Class-conditional models require it, others refuse it. */
  readonly label?: Label;
}

export type PrepareOptions = Omit<EncodeOptions, 'label'>;

/** An image made of one that was passed. */
export interface FittedImage extends RawImage {
  /** How the image that was passed was brought to another size. Undefined if the model saw it at its own. */
  readonly fitted?: Fitted;
}

/** The latents of images. Place i of each list belongs to image i of the call. */
export interface Encoded {
  readonly z: Latents[];
  /** log p(x) at the centres of the bins, in nats. */
  readonly logProb: number[];
  /** How each image was brought to another size. Undefined if the model saw it at its own. */
  readonly fitted: (Fitted | undefined)[];
}

export interface DecodeOptions extends CallOptions {
  /** One class for all latents, or one for each. Class-conditional models require it, others refuse it. */
  readonly label?: Label;
}

export function prepare(
  parts: ModelParts,
  images: readonly ImageInput[],
  options: PrepareOptions = {},
): Promise<FittedImage[]> {
  const { config } = parts.manifest;
  // The class of an image changes none of its pixels, so no label is needed.
  const call = startCall(
    { ...parts.manifest, config: { ...config, classes: 0 } },
    'prepare',
    images,
    options,
  );
  const loaded = loadImages(parts, call, images, options, []);
  const batches = groupBySize(parts, call, loaded);
  return collect(call, batches, (item) => withFit(call, item.image, fromModel(item, config.bits)));
}

export async function encode(
  parts: ModelParts,
  images: readonly (ImageInput | FloatImage)[],
  options: EncodeOptions = {},
): Promise<Encoded> {
  const call = startCall(parts.manifest, 'encode', images, options);
  const loaded = loadFloats(parts, call, images, options);
  const batches = groupBySize(parts, call, loaded);
  const encoded = encodeBatches(parts, call, batches);
  const results = await collect(call, encoded, ({ image, latents, logProb }) => ({
    ...{ z: latents, logProb },
    fitted: call.fitOf(image),
  }));
  return {
    z: results.map(({ z }) => z),
    logProb: results.map(({ logProb }) => logProb),
    fitted: results.map(({ fitted }) => fitted),
  };
}

export function decode(
  parts: ModelParts,
  z: readonly Latents[],
  options: DecodeOptions = {},
): Promise<RawImage[]> {
  const call = startCall(parts.manifest, 'decode', z, options, (image) => `z[${image}]`);
  return decodeCall(parts, call, z);
}

/** The images of a call's latents. */
export function decodeCall(parts: ModelParts, call: Call, z: readonly Latents[]): Promise<RawImage[]> {
  const taken = takeLatents(parts, call, z);
  const batches = groupBySize(parts, call, taken);
  const decoded = decodeBatches(parts, call, batches);
  return collect(call, decoded, ({ pixels }) => pixels);
}

export function reconstruct(
  parts: ModelParts,
  images: readonly ImageInput[],
  options: EncodeOptions = {},
): Promise<FittedImage[]> {
  const call = startCall(parts.manifest, 'reconstruct', images, options);
  const loaded = loadImages(parts, call, images, options, ['encode', 'decode']);
  const batches = groupBySize(parts, call, loaded);
  const decoded = parts.graphs.roundTrip
    ? roundTripBatches(parts, call, parts.graphs.roundTrip, batches)
    : decodeBatches(parts, call, encodeBatches(parts, call, batches));
  return collect(call, decoded, ({ image, pixels }) => withFit(call, image, pixels));
}

/** @param image the place in the call of the image that `pixels` were made of. */
export function withFit(call: Call, image: number, pixels: RawImage): FittedImage {
  const fitted = call.fitOf(image);
  return fitted ? { ...pixels, fitted } : pixels;
}
