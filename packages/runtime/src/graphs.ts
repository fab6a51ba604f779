import type { GlowConfig } from '@glow-onnx/flow/manifest';
import type { FloatTensor, Session } from './create-session.js';
import type { ModelImage } from './images.js';
import { oneHot } from './labels.js';
import { type LatentLevel, type Latents, levelShapes } from './latents.js';

type RunGraph = Pick<Session, 'run'>;

/** What stands beside each thing to run: its place in the call, for messages, and its class if there are any. */
interface Item {
  readonly image: number;
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

/** Encodes images of one size. */
export async function encodeBatch(
  graph: RunGraph,
  config: GlowConfig,
  batch: readonly EncodeItem[],
): Promise<EncodedImage[]> {
  const { height, width } = batch[0] as EncodeItem;
  const images = batch.map(({ x }) => x);
  const outputs = await graph.run({
    x: stack(images, [config.channels, height, width]),
    ...labelInput(config, batch),
  });
  const logProb = finite('encode', outputs, 'log_prob', batch);
  const levels = levelShapes(config, height, width).map((shape, level) =>
    unstack(finite('encode', outputs, `z${level}`, batch), batch.length).map((data) => ({ shape, data })),
  );
  return batch.map((_, i) => ({
    latents: { levels: levels.map((level) => level[i] as LatentLevel) },
    logProb: logProb[i] as number,
  }));
}

/** Decodes latents of one size. */
export async function decodeBatch(
  graph: RunGraph,
  config: GlowConfig,
  batch: readonly DecodeItem[],
): Promise<ModelImage[]> {
  const { height, width } = batch[0] as DecodeItem;
  const latents = levelShapes(config, height, width).map((shape, level) => {
    const parts = batch.map((item) => (item.latents.levels[level] as LatentLevel).data);
    return [`z${level}`, stack(parts, shape)];
  });
  const outputs = await graph.run({ ...Object.fromEntries(latents), ...labelInput(config, batch) });
  return unstack(finite('decode', outputs, 'x', batch), batch.length).map((x) => ({ x, height, width }));
}

function labelInput({ classes }: GlowConfig, batch: readonly Item[]): { label?: FloatTensor } {
  const labels = batch.flatMap(({ label }) => label ?? []);
  return classes > 0 ? { label: oneHot(labels, classes) } : {};
}

function stack(parts: readonly Float32Array[], shape: readonly number[]): FloatTensor {
  const size = (parts[0] as Float32Array).length;
  const data = new Float32Array(parts.length * size);
  for (const [i, part] of parts.entries()) data.set(part, i * size);
  return { shape: [parts.length, ...shape], data };
}

function unstack(data: Float32Array, count: number): Float32Array[] {
  const size = data.length / count;
  return Array.from({ length: count }, (_, i) => data.slice(i * size, (i + 1) * size));
}

/** @throws Error if the graph lacks this output; RangeError if it holds a number that is not finite. */
function finite(
  where: string,
  outputs: Readonly<Record<string, FloatTensor>>,
  name: string,
  batch: readonly Item[],
): Float32Array {
  const data = outputs[name]?.data;
  if (!data) throw new Error(`${where}: the graph has no output "${name}"; export the model again`);
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return data;
  const { image } = batch[Math.floor((bad * batch.length) / data.length)] as Item;
  throw new RangeError(
    `${where}: the model gives ${data[bad]} in ${name} of image ${image}; ` +
      'the input is too far from what it was trained on, or its weights are damaged',
  );
}
