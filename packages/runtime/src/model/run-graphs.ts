import type { GlowConfig } from '@glow-onnx/flow/manifest';
import { findNotFinite } from '../check.js';
import type { ModelImage } from '../pictures/images.js';
import type { Session } from '../sessions/create-session.js';
import type { FloatTensor } from '../sessions/tensor.js';
import { oneHot } from './labels.js';
import { type LatentLevel, type Latents, levelShapes } from './latents.js';

type RunGraph = Pick<Session, 'run'>;

/** What stands beside each thing to run. */
interface Item {
  /** The call and the image, which an error's message starts with. */
  readonly where: string;
  /** Its class, if the model has any. */
  readonly label: number | undefined;
}

export type EncodeItem = ModelImage & Item;

export interface DecodeItem extends Item {
  readonly latents: Latents;
  readonly height: number;
  readonly width: number;
}

/** Encode's result for one image; logProb in nats, the density at that x. */
export interface EncodedImage {
  readonly latents: Latents;
  readonly logProb: number;
}

/** Encodes images of one size; an image of which the model makes something that is not finite is an error. */
export async function encodeBatch(
  graph: RunGraph,
  config: GlowConfig,
  batch: readonly EncodeItem[],
): Promise<(EncodedImage | Error)[]> {
  const { height, width } = batch[0] as EncodeItem;
  const images = batch.map(({ x }) => x);
  const outputs = await graph.run({
    x: stack(images, [config.channels, height, width]),
    ...labelInput(config, batch),
  });
  const shapes = levelShapes(config, height, width);
  const latents = shapes.map((_, level) => partsOf(outputs, `z${level}`, batch));
  const logProbs = partsOf(outputs, 'log_prob', batch);
  return batch.map((_, i) => {
    const parts = latents.map((level) => level[i]);
    const logProb = logProbs[i];
    const bad = [...parts, logProb].find((part) => part instanceof Error);
    if (bad) return bad as Error;
    const levels = ownLevels(shapes, parts as Float32Array[]);
    return { latents: { levels }, logProb: (logProb as Float32Array)[0] as number };
  });
}

/** Copies in one piece: a caller who keeps one picture's latents, or posts them, has not the whole batch in hand. */
function ownLevels(shapes: readonly LatentLevel['shape'][], parts: readonly Float32Array[]): LatentLevel[] {
  const own = new Float32Array(parts.reduce((size, part) => size + part.length, 0));
  let end = 0;
  return shapes.map((shape, level) => {
    const part = parts[level] as Float32Array;
    own.set(part, end);
    end += part.length;
    return { shape, data: own.subarray(end - part.length, end) };
  });
}

/** Decodes latents of one size; errors as `encodeBatch`. */
export async function decodeBatch(
  graph: RunGraph,
  config: GlowConfig,
  batch: readonly DecodeItem[],
): Promise<(ModelImage | Error)[]> {
  const { height, width } = batch[0] as DecodeItem;
  const latents = levelShapes(config, height, width).map((shape, level) => {
    const parts = batch.map((item) => (item.latents.levels[level] as LatentLevel).data);
    return [`z${level}`, stack(parts, shape)];
  });
  const outputs = await graph.run({ ...Object.fromEntries(latents), ...labelInput(config, batch) });
  return partsOf(outputs, 'x', batch).map((x) => (x instanceof Error ? x : { x, height, width }));
}

/** Encodes images of one size and decodes them again, their latents left on the device. */
export async function roundTripBatch(
  graph: RunGraph,
  config: GlowConfig,
  batch: readonly EncodeItem[],
): Promise<(ModelImage | Error)[]> {
  const { height, width } = batch[0] as EncodeItem;
  const images = batch.map(({ x }) => x);
  const outputs = await graph.run({
    x: stack(images, [config.channels, height, width]),
    ...labelInput(config, batch),
  });
  const logProbs = partsOf(outputs, 'log_prob', batch); // not finite if a latent is not
  return partsOf(outputs, 'x', batch).map((x, i) => {
    const bad = [logProbs[i], x].find((part) => part instanceof Error);
    return (bad as Error | undefined) ?? { x: x as Float32Array, height, width };
  });
}

function labelInput({ classes }: GlowConfig, batch: readonly Item[]): { label?: FloatTensor } {
  const labels = batch.flatMap(({ label }) => label ?? []);
  if (classes === 0) return {};
  return { label: { shape: [labels.length, classes, 1, 1], data: oneHot(labels, classes) } };
}

function stack(parts: readonly Float32Array[], shape: readonly number[]): FloatTensor {
  const size = (parts[0] as Float32Array).length;
  const data = new Float32Array(parts.length * size);
  for (const [i, part] of parts.entries()) data.set(part, i * size);
  return { shape: [parts.length, ...shape], data };
}

/**
 * Each item's part of an output, a view, or the error that it is not finite.
 * @throws Error if the graph lacks this output.
 */
function partsOf(
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
        'the input is too far from what it was trained on, or its weights are damaged',
    );
  });
}
