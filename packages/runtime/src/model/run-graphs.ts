import type { GlowConfig } from '@glow-onnx/flow/manifest';
import { findNotFinite } from '../check.js';
import { fromModel, type RawImage } from '../pictures/images.js';
import type { GraphRunner } from '../sessions/open-graphs.js';
import type { FloatTensor } from '../sessions/tensor.js';
import { type Failed, failedAt, type ImageItem, type Item, type LatentsItem } from './item.js';
import { oneHot } from './labels.js';
import { type LatentLevel, levelShapes } from './latents.js';

export interface EncodedItem extends LatentsItem {
  /** log p(x) in nats, the density at the x that was encoded. */
  readonly logProb: number;
  /** What each level adds to it, finest first. */
  readonly logProbLevels: readonly number[];
}

export interface DecodedItem extends Item {
  readonly pixels: RawImage;
}

/** Encodes images of one size. An image whose latents or log p(x) are not finite fails. */
export async function encodeBatch(
  graph: GraphRunner,
  config: GlowConfig,
  batch: readonly ImageItem[],
): Promise<(EncodedItem | Failed)[]> {
  const { height, width } = batch[0] as ImageItem;
  const outputs = await graph.run(encodeInputs(config, batch));
  const shapes = levelShapes(config, height, width);
  const latents = shapes.map((_, level) => partsOf(outputs, `z${level}`, batch));
  const logProbs = partsOf(outputs, 'log_prob', batch);
  const logProbLevels = partsOf(outputs, 'log_prob_levels', batch);
  return batch.map(({ image, where, label }, i) => {
    const place = { image, where, label };
    const parts = latents.map((level) => level[i]);
    const [logProb, ofLevels] = [logProbs[i], logProbLevels[i]];
    const bad = [...parts, logProb, ofLevels].find((part) => part instanceof Error);
    if (bad) return failedAt(place, bad);
    const levels = ownLevels(shapes, parts as Float32Array[]);
    return {
      ...{ ...place, height, width, latents: { levels } },
      logProb: (logProb as Float32Array)[0] as number,
      logProbLevels: [...(ofLevels as Float32Array)],
    };
  });
}

/** Decodes latents of one size to pixels. An image whose x is not finite fails. */
export async function decodeBatch(
  graph: GraphRunner,
  config: GlowConfig,
  batch: readonly LatentsItem[],
): Promise<(DecodedItem | Failed)[]> {
  const outputs = await graph.run({ ...latentInputs(config, batch), ...labelInput(config, batch) });
  return toPixels(config, batch, partsOf(outputs, 'x', batch));
}

/** Decodes latents of one size to numbers, which are not rounded to bins. An image whose x is not finite fails. */
export async function decodeFloatBatch(
  graph: GraphRunner,
  config: GlowConfig,
  batch: readonly LatentsItem[],
): Promise<(ImageItem | Failed)[]> {
  const outputs = await graph.run({ ...latentInputs(config, batch), ...labelInput(config, batch) });
  const decoded = partsOf(outputs, 'x', batch);
  return batch.map(({ image, where, label, height, width }, i) => {
    const place = { image, where, label };
    const x = decoded[i] as Float32Array | Error;
    return x instanceof Error ? failedAt(place, x) : { ...place, height, width, x: x.slice() };
  });
}

/** Encodes images of one size and decodes them again, their latents left on the device. */
export async function roundTripBatch(
  graph: GraphRunner,
  config: GlowConfig,
  batch: readonly ImageItem[],
): Promise<(DecodedItem | Failed)[]> {
  const outputs = await graph.run(encodeInputs(config, batch));
  const logProbs = partsOf(outputs, 'log_prob', batch); // not finite if a latent is not
  const decoded = partsOf(outputs, 'x', batch);
  return toPixels(
    config,
    batch,
    decoded.map((x, i) => (logProbs[i] instanceof Error ? logProbs[i] : x)),
  );
}

function toPixels(
  { bits }: GlowConfig,
  batch: readonly Item[],
  decoded: readonly (Float32Array | Error)[],
): (DecodedItem | Failed)[] {
  return batch.map(({ image, where, label, height, width }, i) => {
    const place = { image, where, label };
    const x = decoded[i] as Float32Array | Error;
    if (x instanceof Error) return failedAt(place, x);
    return { ...place, height, width, pixels: fromModel({ x, height, width }, bits) };
  });
}

export function encodeInputs(config: GlowConfig, batch: readonly ImageItem[]): Record<string, FloatTensor> {
  const { height, width } = batch[0] as ImageItem;
  const images = batch.map(({ x }) => x);
  return { x: stack(images, [config.channels, height, width]), ...labelInput(config, batch) };
}

/** The latents of each level as one input. */
export function latentInputs(config: GlowConfig, batch: readonly LatentsItem[]): Record<string, FloatTensor> {
  const { height, width } = batch[0] as LatentsItem;
  const latents = levelShapes(config, height, width).map((shape, level) => {
    const parts = batch.map((item) => (item.latents.levels[level] as LatentLevel).data);
    return [`z${level}`, stack(parts, shape)];
  });
  return Object.fromEntries(latents);
}

/** Copies in one piece of memory: a caller who keeps or posts the latents of one image does not hold the whole batch. */
export function ownLevels(
  shapes: readonly LatentLevel['shape'][],
  parts: readonly Float32Array[],
): LatentLevel[] {
  const own = new Float32Array(parts.reduce((size, part) => size + part.length, 0));
  let end = 0;
  return shapes.map((shape, level) => {
    const part = parts[level] as Float32Array;
    own.set(part, end);
    end += part.length;
    return { shape, data: own.subarray(end - part.length, end) };
  });
}

export function labelInput({ classes }: GlowConfig, batch: readonly Item[]): { label?: FloatTensor } {
  const labels = batch.flatMap(({ label }) => label ?? []);
  if (classes === 0) return {};
  return { label: { shape: [labels.length, classes, 1, 1], data: oneHot(labels, classes) } };
}

export function stack(parts: readonly Float32Array[], shape: readonly number[]): FloatTensor {
  const size = (parts[0] as Float32Array).length;
  const data = new Float32Array(parts.length * size);
  for (const [i, part] of parts.entries()) data.set(part, i * size);
  return { shape: [parts.length, ...shape], data };
}

/**
 * The part of an output that belongs to each item, a view, or an error where the part is not finite.
 * @throws Error if the graph lacks this output.
 */
export function partsOf(
  outputs: Readonly<Record<string, FloatTensor>>,
  name: string,
  batch: readonly Item[],
): (Float32Array | Error)[] {
  const data = outputs[name]?.data;
  if (!data) throw new Error(`the graph has no output "${name}"; export the model again`);
  const size = data.length / batch.length;
  const parts = batch.map((_, i) => data.subarray(i * size, (i + 1) * size));
  if (findNotFinite(data) < 0) return parts;
  return parts.map((part, i) => {
    const bad = findNotFinite(part);
    if (bad < 0) return part;
    const { where } = batch[i] as Item;
    return new RangeError(
      `${where}: the model gives ${part[bad]} in ${name}; ` +
        'the input is too far from the training images, or the weights are damaged',
    );
  });
}
