import type { Fit } from '../pictures/fits.js';
import { fromModel, type RawImage } from '../pictures/images.js';
import type { ImageInput } from '../pictures/input.js';
import { groupBySize } from './batches.js';
import { type Call, type CallOptions, inImages, startCall } from './call.js';
import { collect } from './collect.js';
import type { Label } from './labels.js';
import type { Latents } from './latents.js';
import { loadImages, takeLatents } from './load-inputs.js';
import type { ModelParts } from './model-parts.js';
import { decodeBatches, encodeBatches, roundTripBatches } from './run-batches.js';

export interface EncodeOptions extends CallOptions {
  /** How to fit an image whose height or width 2^levels does not divide. Without it, such an image is an error. */
  readonly fit?: Fit;
  /** One class for all images, or one for each. Class-conditional models require it, others refuse it. */
  readonly label?: Label;
}

export type PrepareOptions = Omit<EncodeOptions, 'label'>;

export interface DecodeOptions extends CallOptions {
  /** One class for all latents, or one for each. Class-conditional models require it, others refuse it. */
  readonly label?: Label;
}

export function prepare(
  parts: ModelParts,
  images: readonly ImageInput[],
  options: PrepareOptions = {},
): Promise<RawImage[]> {
  const { config } = parts.manifest;
  // The class of an image changes none of its pixels, so no label is needed.
  const call = startCall(
    { ...parts.manifest, config: { ...config, classes: 0 } },
    'prepare',
    images,
    inImages,
    options,
  );
  const loaded = loadImages(parts, call, images, options, []);
  const batches = groupBySize(parts, call, loaded);
  return collect(call, batches, (item) => fromModel(item, config.bits));
}

export async function encode(
  parts: ModelParts,
  images: readonly ImageInput[],
  options: EncodeOptions = {},
): Promise<{ z: Latents[]; logProb: number[] }> {
  const call = startCall(parts.manifest, 'encode', images, inImages, options);
  const loaded = loadImages(parts, call, images, options, ['encode']);
  const batches = groupBySize(parts, call, loaded);
  const encoded = encodeBatches(parts, call, batches);
  const results = await collect(call, encoded, ({ latents, logProb }) => ({ z: latents, logProb }));
  return { z: results.map(({ z }) => z), logProb: results.map(({ logProb }) => logProb) };
}

export function decode(
  parts: ModelParts,
  z: readonly Latents[],
  options: DecodeOptions = {},
): Promise<RawImage[]> {
  const call = startCall(parts.manifest, 'decode', z, (image) => `z[${image}]`, options);
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
): Promise<RawImage[]> {
  const call = startCall(parts.manifest, 'reconstruct', images, inImages, options);
  const loaded = loadImages(parts, call, images, options, ['encode', 'decode']);
  const batches = groupBySize(parts, call, loaded);
  const decoded = parts.graphs.roundTrip
    ? roundTripBatches(parts, call, parts.graphs.roundTrip, batches)
    : decodeBatches(parts, call, encodeBatches(parts, call, batches));
  return collect(call, decoded, ({ pixels }) => pixels);
}
