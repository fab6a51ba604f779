import { checkInteger, checkLevels, perLevel } from '../check.js';
import type { Fit } from '../pictures/fit.js';
import type { RawImage } from '../pictures/images.js';
import { groupBySize } from './batches.js';
import { type CallOptions, inImages, startCall } from './call.js';
import { collect } from './collect.js';
import { failedAt, type Item, type LatentsItem, mapItems } from './item.js';
import type { ClassLabel } from './labels.js';
import {
  addDirection,
  checkLatents,
  type InterpolationMode,
  type Latents,
  latentPath,
  levelShapes,
  mixLatents,
} from './latents.js';
import { type Input, loadInputs, takeLatents } from './load-inputs.js';
import type { ModelParts } from './model-parts.js';
import { decodeBatches, encodeBatches } from './run-batches.js';

export interface EditOptions extends CallOptions {
  /** How to fit an image whose height or width 2^levels does not divide. Without it, such an image is an error. */
  readonly fit?: Fit;
  /** The class of all images of the call. Class-conditional models require it, others refuse it. */
  readonly label?: ClassLabel;
}

export interface InterpolateOptions extends EditOptions {
  /** Images to return, a and b included; an integer from 2 on, default 8. */
  readonly steps?: number;
  /** Default `linear`. */
  readonly mode?: InterpolationMode;
  /** Levels that go from a's latents to b's; the other levels stay a's. 0 is the finest. Default: all. */
  readonly levels?: readonly number[];
}

export async function interpolate(
  parts: ModelParts,
  a: Input,
  b: Input,
  { steps = 8, mode = 'linear', levels, onProgress, ...options }: InterpolateOptions = {},
): Promise<RawImage[]> {
  const where = 'interpolate';
  checkInteger(where, 'steps', steps, 2);
  if (mode !== 'linear' && mode !== 'spherical') {
    throw new RangeError(`${where}: mode must be "linear" or "spherical", got ${JSON.stringify(mode)}`);
  }
  if (levels) checkLevels(where, levels, parts.manifest.config);
  const [from, to] = await encodeEnds(parts, where, a, b, options);
  const path = latentPath(from, to, steps, mode, levels);
  return decodeAll(parts, where, path, { ...options, ...(onProgress && { onProgress }) });
}

export async function mix(
  parts: ModelParts,
  a: Input,
  b: Input,
  levels: readonly number[],
  options: EditOptions = {},
): Promise<RawImage> {
  const where = 'mix';
  checkLevels(where, levels, parts.manifest.config);
  const [z, other] = await encodeEnds(parts, where, a, b, options);
  const [image] = await decodeAll(parts, where, [mixLatents(z, other, levels)], options);
  return image as RawImage;
}

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
  const call = startCall(parts.manifest, where, inputs, nameOf, options);
  const loaded = loadInputs(parts, call, inputs, options);
  const batches = groupBySize(parts, call, loaded);
  let size: Size | undefined;
  const ofOneSize = mapItems(batches, (item) => {
    size ??= item;
    const error = sizeError(item, size, 'the first image');
    return error ? failedAt(item, error) : item;
  });
  const encoded = encodeBatches(parts, ofOneSize);
  const sums: Float64Array[] = [];
  await collect(call, encoded, ({ image, latents }) => {
    const weight = image < length ? 1 / length : -1 / without.length;
    for (const [level, { data }] of latents.levels.entries()) {
      sums[level] ??= new Float64Array(data.length);
      const sum = sums[level];
      for (const [i, value] of data.entries()) sum[i] = (sum[i] as number) + weight * value;
    }
  });
  const { height, width } = size as unknown as Size;
  const shapes = levelShapes(parts.manifest.config, height, width);
  return { levels: shapes.map((shape, level) => ({ shape, data: Float32Array.from(sums[level] ?? []) })) };
}

export async function applyAttribute(
  parts: ModelParts,
  images: readonly Input[],
  direction: Latents,
  strength: number | readonly number[],
  options: EditOptions = {},
): Promise<RawImage[]> {
  const where = 'applyAttribute';
  const { config } = parts.manifest;
  const strengths = perLevel(where, 'strength', strength, config);
  const size = checkLatents(config, direction, `${where}: direction`);
  const call = startCall(parts.manifest, where, images, inImages, options);
  const loaded = loadInputs(parts, call, images, options);
  const batches = groupBySize(parts, call, loaded);
  const encoded = encodeBatches(parts, batches);
  const edited = mapItems(encoded, (item) => {
    const error = sizeError(item, size, 'the direction');
    return error
      ? failedAt(item, error)
      : withLatents(item, addDirection(item.latents, direction, strengths));
  });
  const decoded = decodeBatches(parts, edited);
  return collect(call, decoded, ({ pixels }) => pixels);
}

function withLatents({ image, where, label, height, width }: Item, latents: Latents): LatentsItem {
  return { image, where, label, height, width, latents };
}

/** The latents of two images of one size. */
async function encodeEnds(
  parts: ModelParts,
  where: string,
  a: Input,
  b: Input,
  options: EditOptions,
): Promise<[Latents, Latents]> {
  const [from, to] = [
    await encodeEnd(parts, `${where}: a`, a, options),
    await encodeEnd(parts, `${where}: b`, b, options),
  ];
  const error = sizeError(to, from, 'a');
  if (error) throw error;
  return [from.latents, to.latents];
}

async function encodeEnd(
  parts: ModelParts,
  where: string,
  input: Input,
  options: EditOptions,
): Promise<LatentsItem> {
  const call = startCall(parts.manifest, where, [input], () => where, options);
  const loaded = loadInputs(parts, call, [input], options);
  const batches = groupBySize(parts, call, loaded);
  const encoded = encodeBatches(parts, batches);
  const [item] = await collect(call, encoded, (end): LatentsItem => end);
  return item as LatentsItem;
}

/** Decodes the latents of one step after another. */
function decodeAll(
  parts: ModelParts,
  where: string,
  latents: readonly Latents[],
  options: EditOptions,
): Promise<RawImage[]> {
  const call = startCall(parts.manifest, where, latents, (image) => `step ${image}`, options);
  const taken = takeLatents(parts, call, latents);
  const batches = groupBySize(parts, call, taken);
  const decoded = decodeBatches(parts, batches);
  return collect(call, decoded, ({ pixels }) => pixels);
}

interface Size {
  readonly height: number;
  readonly width: number;
}

function sizeError(
  { where, height, width }: Size & { readonly where: string },
  size: Size,
  name: string,
): RangeError | undefined {
  if (height === size.height && width === size.width) return undefined;
  return new RangeError(
    `${where}: size ${height}×${width} is not that of ${name}, ${size.height}×${size.width}; bring them to one size`,
  );
}
