import type { Manifest } from '@glow-onnx/flow/manifest';
import { defaultBatchSize, mapBatches } from './batches.js';
import { decodeBatch, type EncodedImage, type EncodeItem, encodeBatch } from './graphs.js';
import { fromModel, type ImageCodec, type RawImage } from './images.js';
import { type Label, labelsFor } from './labels.js';
import { checkLatents, type Latents } from './latents.js';
import { type ModelImagesRequest, modelImages } from './model-images.js';
import type { OpenGraphs } from './open-graphs.js';

/** A model's opened graphs and what they need around them. */
export interface ModelParts {
  readonly manifest: Manifest;
  readonly graphs: OpenGraphs;
  readonly codec: ImageCodec;
  /** Images per run; by default as many as fit a memory budget. */
  readonly batchSize?: number | undefined;
}

/** Encodes each picture `draws` times and keeps what `select` takes of it. */
export function encodePass<Result>(
  parts: ModelParts,
  request: ModelImagesRequest,
  select: (encoded: EncodedImage, item: EncodeItem) => Result,
): Promise<Result[]> {
  const { config } = parts.manifest;
  return inBatches(parts, modelImages(config, parts.codec, request), async (batch) => {
    const encoded = await encodeBatch(await parts.graphs.encoder(), config, batch);
    return encoded.map((image, i) => select(image, batch[i] as EncodeItem));
  });
}

export interface DecodeRequest {
  /** `count` of them, made as they are asked for. */
  readonly latents: Iterable<Latents>;
  readonly count: number;
  readonly label: Label | undefined;
  /** The call, which an error's message starts with. */
  readonly where: string;
}

/** Decodes latents to pixels. */
export function decodePass(parts: ModelParts, request: DecodeRequest): Promise<RawImage[]> {
  const { config } = parts.manifest;
  return inBatches(parts, decodeItems(parts, request), async (batch) => {
    const images = await decodeBatch(await parts.graphs.decoder(), config, batch);
    return images.map((image) => fromModel(image, config.bits));
  });
}

function* decodeItems({ manifest: { config } }: ModelParts, { latents, count, label, where }: DecodeRequest) {
  const labels = labelsFor(config, label, count, where);
  let image = 0;
  for (const z of latents) {
    const size = checkLatents(config, z, count > 1 ? `${where}: z[${image}]` : where);
    yield { latents: z, ...size, image, label: labels?.[image] };
    image++;
  }
}

interface Size {
  readonly height: number;
  readonly width: number;
}

function inBatches<Item extends Size, Result>(
  { manifest: { config }, batchSize }: ModelParts,
  items: Iterable<Item> | AsyncIterable<Item>,
  run: (batch: readonly Item[]) => Promise<readonly Result[]>,
): Promise<Result[]> {
  const keyOf = ({ height, width }: Size) => `${height}×${width}`;
  const limitOf = ({ height, width }: Size) => batchSize ?? defaultBatchSize(config, height, width);
  return mapBatches(items, keyOf, limitOf, run);
}
