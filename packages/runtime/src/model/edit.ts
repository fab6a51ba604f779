import { checkInteger, checkLevels, perLevel } from '../check.js';
import type { Fit } from '../pictures/fit.js';
import type { RawImage } from '../pictures/images.js';
import type { CallOptions } from './batches.js';
import type { ClassLabel } from './labels.js';
import type { InterpolationMode } from './latents.js';
import { addDirection, checkLatents, type Latents, latentPath, levelShapes, mixLatents } from './latents.js';
import {
  type Input,
  type Item,
  latentsOf,
  type ModelParts,
  only,
  pixelsOf,
  planInputs,
  runPass,
} from './passes.js';
import type { DecodeItem } from './run-graphs.js';

export interface EditOptions extends CallOptions {
  readonly fit?: Fit;
  /** Class-conditional models only: the class of all pictures of the call. */
  readonly label?: ClassLabel;
}

export interface InterpolateOptions extends EditOptions {
  /** Images in all, both ends included; default 8. */
  readonly steps?: number;
  /** Default linear. */
  readonly mode?: InterpolationMode;
  /** Levels that go from a's latents to b's, the others stay a's; 0 is the finest. Default all. */
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
  const [from, to] = await ends(parts, where, a, b, options);
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
  const [z, other] = await ends(parts, where, a, b, options);
  const [image] = await decodeAll(parts, where, [mixLatents(z, other, levels)], options);
  return image as RawImage;
}

/** Mean latents of pictures with an attribute, less those of pictures without it (Kingma & Dhariwal 2018, §6.2). */
export async function attributeDirection(
  parts: ModelParts,
  withIt: readonly Input[],
  without: readonly Input[],
  options: EditOptions = {},
): Promise<Latents> {
  const where = 'attributeDirection';
  for (const [name, list] of Object.entries({ withIt, without })) {
    if (list.length === 0) throw new RangeError(`${where}: ${name}: expected at least one picture`);
  }
  const { length } = withIt;
  const plan = planInputs(parts, {
    ...options,
    where,
    inputs: [...withIt, ...without],
    nameOf: (image) => (image < length ? `withIt[${image}]` : `without[${image - length}]`),
  });
  const sums: Float64Array[] = [];
  let first: Item | undefined;
  await runPass(parts, {
    ...plan,
    async run(batch) {
      first ??= batch[0] as Item;
      const { height, width } = first;
      const misfit = batch.map((item) => sizeError(item, { height, width }, 'the first picture'));
      return (await latentsOf(parts, batch)).map((z, i) => misfit[i] ?? z);
    },
    combine([z], image) {
      const weight = image < length ? 1 / length : -1 / without.length;
      for (const [level, { data }] of (z as Latents).levels.entries()) {
        sums[level] ??= new Float64Array(data.length);
        const sum = sums[level];
        for (const [i, value] of data.entries()) sum[i] = (sum[i] as number) + weight * value;
      }
    },
  });
  const { height, width } = first as unknown as Item;
  const shapes = levelShapes(parts.manifest.config, height, width);
  return { levels: shapes.map((shape, level) => ({ shape, data: Float32Array.from(sums[level] ?? []) })) };
}

export function applyAttribute(
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
  return runPass(parts, {
    ...planInputs(parts, { ...options, where, inputs: images, nameOf: (image) => `images[${image}]` }),
    run: (batch) =>
      pixelsOf(
        parts,
        batch,
        (z, item) => sizeError(item, size, 'the direction') ?? addDirection(z, direction, strengths),
      ),
    combine: only,
  });
}

function decodeAll(
  parts: ModelParts,
  where: string,
  latents: readonly Latents[],
  options: EditOptions,
): Promise<RawImage[]> {
  return runPass(parts, {
    ...planInputs(parts, { ...options, where, inputs: latents, nameOf: (image) => `step ${image}` }),
    run: (batch) => pixelsOf(parts, batch),
    combine: only,
  });
}

/** The latents of two pictures of one size. */
async function ends(
  parts: ModelParts,
  where: string,
  a: Input,
  b: Input,
  options: EditOptions,
): Promise<[Latents, Latents]> {
  const latents = async (input: Input, name: string) => {
    const [item] = await runPass(parts, {
      ...planInputs(parts, { ...options, where: `${where}: ${name}`, inputs: [input], nameOf: () => name }),
      run: async (batch) =>
        (await latentsOf(parts, batch)).map((z, i) =>
          z instanceof Error ? z : { ...(batch[i] as Item), latents: z },
        ),
      combine: only,
    });
    return item as DecodeItem;
  };
  const [from, to] = [await latents(a, 'a'), await latents(b, 'b')];
  const error = sizeError(to, from, 'a');
  if (error) throw error;
  return [from.latents, to.latents];
}

interface Size {
  readonly height: number;
  readonly width: number;
}

function sizeError({ where, height, width }: Item, size: Size, name: string): RangeError | undefined {
  if (height === size.height && width === size.width) return undefined;
  return new RangeError(
    `${where}: size ${height}×${width} is not that of ${name}, ${size.height}×${size.width}; bring them to one size`,
  );
}
