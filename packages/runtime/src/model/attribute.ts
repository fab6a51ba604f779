import { perLevel } from '../check.js';
import { groupBySize } from './batches.js';
import { startCall } from './call.js';
import { collect } from './collect.js';
import type { EditOptions } from './edit.js';
import { type FittedImage, withFit } from './encode-decode.js';
import { type Item, type LatentsItem, mapItems } from './item.js';
import { addDirection, checkLatents, type LatentLevel, type Latents } from './latents.js';
import { type Input, loadInputs } from './load-inputs.js';
import type { ModelParts } from './model-parts.js';
import { decodeBatches, encodeBatches } from './run-batches.js';

/** Mean latents of images with an attribute, less those of images without it (Kingma & Dhariwal 2018, §6.2). */
export async function attributeDirection(
  parts: ModelParts,
  withIt: readonly Input[],
  without: readonly Input[],
  options: EditOptions = {},
): Promise<Latents> {
  const where = 'attributeDirection';
  for (const [name, list] of Object.entries({ withIt, without })) {
    if (list.length === 0) throw new RangeError(`${where}: ${name}: expected at least one image`);
  }
  const { length } = withIt;
  const inputs = [...withIt, ...without];
  const nameOf = (image: number) => (image < length ? `withIt[${image}]` : `without[${image - length}]`);
  const call = startCall(parts.manifest, where, inputs, options, nameOf);
  const loaded = loadInputs(parts, call, inputs, options);
  const batches = groupBySize(parts, call, loaded);
  const encoded = encodeBatches(parts, call, batches);
  const shapes: LatentLevel['shape'][] = [];
  const sums: Float64Array[] = [];
  await collect(call, encoded, ({ image, latents }) => {
    const weight = image < length ? 1 / length : -1 / without.length;
    for (const [level, { shape, data }] of latents.levels.entries()) {
      shapes[level] = shape;
      sums[level] ??= new Float64Array(data.length);
      const sum = sums[level];
      for (const [i, value] of data.entries()) sum[i] = (sum[i] as number) + weight * value;
    }
  });
  return { levels: shapes.map((shape, level) => ({ shape, data: Float32Array.from(sums[level] ?? []) })) };
}

export async function applyAttribute(
  parts: ModelParts,
  images: readonly Input[],
  direction: Latents,
  strength: number | readonly number[],
  options: EditOptions = {},
): Promise<FittedImage[]> {
  const where = 'applyAttribute';
  const { config } = parts.manifest;
  const strengths = perLevel(where, 'strength', strength, config);
  const size = { ...checkLatents(config, direction, `${where}: direction`), of: 'the direction' };
  const call = startCall(parts.manifest, where, images, options);
  const loaded = loadInputs(parts, call, images, options, size);
  const batches = groupBySize(parts, call, loaded);
  const encoded = encodeBatches(parts, call, batches);
  const edited = mapItems(encoded, (item) =>
    withLatents(item, addDirection(item.latents, direction, strengths)),
  );
  const decoded = decodeBatches(parts, call, edited);
  return collect(call, decoded, ({ image, pixels }) => withFit(call, image, pixels));
}

function withLatents({ image, where, label, height, width }: Item, latents: Latents): LatentsItem {
  return { image, where, label, height, width, latents };
}
