import type { Fit } from '../pictures/fit.js';
import { fromModel, type RawImage } from '../pictures/images.js';
import type { ImageInput } from '../pictures/input.js';
import type { CallOptions } from './batches.js';
import type { Label } from './labels.js';
import type { Latents } from './latents.js';
import { type ModelParts, only, picturesOf, pixelsOf, planInputs, runPass } from './passes.js';
import { type EncodeItem, encodeBatch, roundTripBatch } from './run-graphs.js';

export interface EncodeOptions extends CallOptions {
  /** What to do with a picture whose size 2^levels does not divide; an error unless given. */
  readonly fit?: Fit;
  /** Class-conditional models only, and there required: one class for all images, or one each. */
  readonly label?: Label;
}

export type PrepareOptions = Omit<EncodeOptions, 'label'>;

export interface DecodeOptions extends CallOptions {
  readonly label?: Label;
}

export function prepare(
  parts: ModelParts,
  images: readonly ImageInput[],
  options?: PrepareOptions,
): Promise<RawImage[]> {
  const { config } = parts.manifest;
  // A picture's class changes none of its pixels, so nobody has to name it.
  const manifest = { ...parts.manifest, config: { ...config, classes: 0 } };
  const request = { ...options, ...picturesOf(images), where: 'prepare' };
  return runPass(parts, {
    ...planInputs({ ...parts, manifest }, request),
    run: async (batch) => (batch as EncodeItem[]).map((item) => fromModel(item, config.bits)),
    combine: only,
  });
}

export async function encode(
  parts: ModelParts,
  images: readonly ImageInput[],
  options?: EncodeOptions,
): Promise<{ z: Latents[]; logProb: number[] }> {
  const encoded = await runPass(parts, {
    ...planInputs(parts, { ...options, ...picturesOf(images), where: 'encode' }),
    run: async (batch) =>
      (await encodeBatch(await parts.graphs.encoder(), parts.manifest.config, batch as EncodeItem[])).map(
        (image) => (image instanceof Error ? image : { z: image.latents, logProb: image.logProb }),
      ),
    combine: only,
  });
  return { z: encoded.map(({ z }) => z), logProb: encoded.map(({ logProb }) => logProb) };
}

export function decode(
  parts: ModelParts,
  z: readonly Latents[],
  options?: DecodeOptions,
): Promise<RawImage[]> {
  return runPass(parts, {
    ...planInputs(parts, {
      ...options,
      where: 'decode',
      inputs: z,
      nameOf: (image) => `z[${image}]`,
      isLatents: () => true,
    }),
    run: (batch) => pixelsOf(parts, batch),
    combine: only,
  });
}

export function reconstruct(
  parts: ModelParts,
  images: readonly ImageInput[],
  options?: EncodeOptions,
): Promise<RawImage[]> {
  return runPass(parts, {
    ...planInputs(parts, { ...options, ...picturesOf(images), where: 'reconstruct' }),
    async run(batch) {
      const { config } = parts.manifest;
      const { roundTrip } = parts.graphs;
      if (!roundTrip) return pixelsOf(parts, batch);
      const images = await roundTripBatch({ run: roundTrip }, config, batch as EncodeItem[]);
      return images.map((image) => (image instanceof Error ? image : fromModel(image, config.bits)));
    },
    combine: only,
  });
}
