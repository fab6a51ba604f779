import { checkVersion, parseJson } from '@glow-onnx/flow/manifest';
import { encodeSafetensors, parseSafetensors } from '@glow-onnx/flow/safetensors';
import { isExtent, type LatentLevel, type Latents, levelShapes } from './latents.js';
import { checkFacts, checkList, identityOf, type LatentsModel, refuseForeign } from './latents-model.js';

export const latentsFormat = 'glow-latents';
export const newestVersion = 1;

/** Latents of images of one size, and facts about each image. */
export interface LatentsFile {
  readonly z: readonly Latents[];
  /** Log densities in nats. */
  readonly logProb?: readonly number[];
  /** The names of the images. */
  readonly names?: readonly string[];
}

/**
 * Latents, or directions, as the bytes of a safetensors file: z0 … as [images, channels, height, width] and log_prob
 * as [images], all F32. The metadata name the model, its precision and the images.
 * @throws TypeError if `latents.z` is not a list; RangeError if the list is empty, the images differ in size, or the number of names or densities differs.
 * @example
 * const names = ['a.png', 'b.png'];
 * const { z, logProb } = await model.encode(names);
 * await writeFile('latents.safetensors', saveLatents(model, { z, logProb, names }));
 */
export function saveLatents(model: LatentsModel, latents: LatentsFile): Uint8Array {
  const where = 'saveLatents';
  checkList(where, latents?.z);
  const { z, logProb, names } = latents;
  const [first] = z;
  if (!first) throw new RangeError(`${where}: expected the latents of at least one image`);
  checkFacts(where, { logProb, names }, z.length);
  const tensors = Object.fromEntries(
    first.levels.map((_, level) => [`z${level}`, stackLevel(z, level, (i) => names?.[i] ?? `z[${i}]`)]),
  );
  const log_prob = { dtype: 'F32' as const, shape: [z.length], data: Float32Array.from(logProb ?? []) };
  return encodeSafetensors(
    { ...tensors, ...(logProb && { log_prob }) },
    {
      format: latentsFormat,
      version: String(newestVersion),
      model: identityOf(model),
      precision: model.precision,
      ...(names && { images: JSON.stringify(names) }),
    },
  );
}

/**
 * Reads z0 … of a safetensors file, and log_prob and names if the file has them. Any program may have written it.
 * @throws SyntaxError if the bytes are not safetensors; RangeError if the metadata name another model or a newer
 *   version, or a level is missing or does not fit the model.
 * @example const { z } = loadLatents(model, await readFile('latents.safetensors'));
 */
export function loadLatents(model: LatentsModel, bytes: Uint8Array): LatentsFile {
  const { tensors, metadata } = parseSafetensors(bytes);
  checkFormat(metadata);
  refuseForeign(model, metadata);
  const [count, , h, w] = tensors.z0?.shape ?? [];
  const shapes = levelShapes(model.config, (h as number) * 2, (w as number) * 2);
  const levels = shapes.map((shape, level) => {
    const tensor = tensors[`z${level}`];
    const expected = [count, ...shape];
    if (tensor?.dtype !== 'F32' || tensor.shape.join() !== expected.join() || !expected.every(isExtent)) {
      const got = tensor ? `${tensor.dtype} [${tensor.shape.join(', ')}]` : 'no tensor of this name';
      const want =
        count === undefined ? 'F32 [images, channels, height, width]' : `F32 [${expected.join(', ')}]`;
      throw new RangeError(`latents: z${level}: expected ${want} for this model, got ${got}`);
    }
    return { shape, data: tensor.data };
  });
  const z = Array.from({ length: count as number }, (_, i) => ({
    levels: levels.map(({ shape, data }) => {
      const size = shape[0] * shape[1] * shape[2];
      return { shape, data: data.slice(i * size, (i + 1) * size) };
    }),
  }));
  const { log_prob } = tensors;
  const names = parseNames(metadata.images, count as number);
  return {
    z,
    ...(log_prob?.dtype === 'F32' && log_prob.data.length === count && { logProb: [...log_prob.data] }),
    ...(names?.length === count && { names }),
  };
}

/** Files of other programs state no version; older ones of our own neither. */
function checkFormat(metadata: Readonly<Record<string, string>>): void {
  if (metadata.format === latentsFormat) checkVersion('latents', metadata.version ?? 1, newestVersion);
}

function stackLevel(z: readonly Latents[], level: number, nameOf: (image: number) => string) {
  const { shape } = (z[0] as Latents).levels[level] as LatentLevel;
  const size = shape[0] * shape[1] * shape[2];
  const data = new Float32Array(z.length * size);
  for (const [i, { levels }] of z.entries()) {
    const latent = levels[level];
    if (latent?.shape.join() !== shape.join()) {
      throw new RangeError(
        `saveLatents: ${nameOf(i)} and ${nameOf(0)} differ in size; save images of each size in a file of their own`,
      );
    }
    data.set((latent as LatentLevel).data, i * size);
  }
  return { dtype: 'F32' as const, shape: [z.length, ...shape], data };
}

/** Undefined if the text is not a list of names: the latents are of use without them. */
function parseNames(text: string | undefined, count: number): string[] | undefined {
  if (text === undefined) return undefined;
  try {
    const names = parseJson(text, { where: 'latents: images', maxLength: text.length, maxValues: count + 1 });
    return Array.isArray(names) && names.every((name) => typeof name === 'string') ? names : undefined;
  } catch {
    return undefined;
  }
}
