import type { Manifest, Precision } from '@glow-onnx/flow/manifest';
import type { ImageCodec } from '../pictures/codec.js';
import type { Fit } from '../pictures/fit.js';
import { fromModel, type RawImage, toModel } from '../pictures/images.js';
import type { ImageInput } from '../pictures/input.js';
import { loadImage } from '../pictures/load-image.js';
import type { OpenGraphs } from '../sessions/open-graphs.js';
import { type BatchPlan, type CallOptions, defaultBatchSize, mapBatches } from './batches.js';
import { type Label, labelsFor } from './labels.js';
import { checkLatents, type Latents } from './latents.js';
import { type DecodeItem, decodeBatch, type EncodeItem, encodeBatch } from './run-graphs.js';

/** A model's opened graphs and what they need around them. */
export interface ModelParts {
  readonly manifest: Manifest;
  readonly precision: Precision;
  readonly graphs: OpenGraphs;
  readonly codec: ImageCodec;
  /** Images per run; by default as many as fit a memory budget. */
  readonly batchSize?: number | undefined;
}

/** A picture, or the latents of one. */
export type Input = ImageInput | Latents;
export type Item = EncodeItem | DecodeItem;

/** Runs items of one size together, as many as the memory budget lets. */
export function runPass<I extends Item, Outcome, Result>(
  { manifest: { config }, batchSize }: ModelParts,
  plan: Omit<BatchPlan<I, Outcome, Result>, 'keyOf' | 'limitOf'>,
): Promise<Result[]> {
  return mapBatches({
    ...plan,
    keyOf: ({ height, width }) => `${height}×${width}`,
    limitOf: ({ height, width }) => batchSize ?? defaultBatchSize(config, height, width),
  });
}

export interface Inputs extends CallOptions {
  readonly where: string;
  readonly inputs: readonly Input[];
  /** What messages call an input that is no path. */
  readonly nameOf: (image: number) => string;
  /** What is taken for latents; default whatever looks like them. Everything else is a picture. */
  readonly isLatents?: (input: Input) => boolean;
  readonly fit?: Fit;
  readonly label?: Label;
  /** Times that each picture is wanted, one after another; default 1. */
  readonly draws?: number;
  /** The source of u for all draws of the image at this place in the call; default the bins' centres. */
  readonly startDraws?: (image: number) => () => number;
}

const centre = () => 0.5;
const startCentres = () => centre;

/** What a pass over a caller's pictures and latents starts from. Pictures are loaded one by one. */
export function planInputs({ manifest, codec }: ModelParts, request: Inputs) {
  const { where, inputs, fit, label, draws = 1, startDraws = startCentres } = request;
  const { isLatents = looksLikeLatents } = request;
  const { config } = manifest;
  const labels = labelsFor(manifest, label, inputs.length, where);
  const nameOf = (image: number) => {
    const input = inputs[image];
    return typeof input === 'string' ? input : request.nameOf(image);
  };
  async function itemsOf(image: number): Promise<Iterable<Item | Error>> {
    const input = inputs[image] as Input;
    const here = inputs.length > 1 || typeof input === 'string' ? `${where}: ${nameOf(image)}` : where;
    const beside = { where: here, label: labels?.[image] };
    try {
      if (isLatents(input)) {
        const latents = input as Latents;
        return [{ latents, ...checkLatents(config, latents, here), ...beside }];
      }
      const picture = await loadImage(config, codec, input as ImageInput, fit, here);
      return drawsOf(picture, startDraws(image), beside);
    } catch (error) {
      return [error instanceof Error ? error : new Error(`${here}: ${String(error)}`)];
    }
  }
  function* drawsOf(
    picture: RawImage,
    nextU: () => number,
    beside: Pick<EncodeItem, 'where' | 'label'>,
  ): Generator<Item> {
    for (let draw = 0; draw < draws; draw++) {
      yield { ...toModel(picture, config.bits, nextU), ...beside };
    }
  }
  const { onProgress, signal } = request;
  return {
    where,
    count: inputs.length,
    nameOf,
    draws,
    itemsOf,
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
  };
}

/** Inputs that can only be pictures. */
export function picturesOf(images: readonly ImageInput[]): Pick<Inputs, 'inputs' | 'nameOf' | 'isLatents'> {
  return { inputs: images, nameOf: (image) => `images[${image}]`, isLatents: () => false };
}

function looksLikeLatents(input: Input): boolean {
  return typeof input === 'object' && input !== null && 'levels' in input;
}

/** The latents of a batch; pictures in it are encoded. */
export async function latentsOf(
  { manifest, graphs }: ModelParts,
  batch: readonly Item[],
): Promise<(Latents | Error)[]> {
  const pictures = batch.filter((item) => 'x' in item);
  const encoded =
    pictures.length > 0 ? await encodeBatch(await graphs.encoder(), manifest.config, pictures) : [];
  let next = 0;
  return batch.map((item) => {
    if ('latents' in item) return item.latents;
    const image = encoded[next++] as (typeof encoded)[number];
    return image instanceof Error ? image : image.latents;
  });
}

/** The pixels of a batch; its pictures are encoded, `edit` changes the latents, and all are decoded. */
export async function pixelsOf(
  parts: ModelParts,
  batch: readonly Item[],
  edit: (z: Latents, item: Item) => Latents | Error = (z) => z,
): Promise<(RawImage | Error)[]> {
  const { config } = parts.manifest;
  const latents = await latentsOf(parts, batch);
  const edited = batch.map((item, i) => {
    const z = latents[i] as Latents | Error;
    return z instanceof Error ? z : edit(z, item);
  });
  const items = batch.flatMap(({ where, label, height, width }, i) => {
    const z = edited[i] as Latents | Error;
    return z instanceof Error ? [] : [{ latents: z, where, label, height, width }];
  });
  const decoded = items.length > 0 ? await decodeBatch(await parts.graphs.decoder(), config, items) : [];
  let next = 0;
  return edited.map((z) => {
    if (z instanceof Error) return z;
    const image = decoded[next++] as (typeof decoded)[number];
    return image instanceof Error ? image : fromModel(image, config.bits);
  });
}

/** An image's result where it is run once. */
export function only<Outcome>([outcome]: readonly Outcome[]): Outcome {
  return outcome as Outcome;
}
