import type { GraphVariant } from '@glow-onnx/flow/manifest';
import { encodeSafetensors, parseSafetensors } from '@glow-onnx/flow/safetensors';
import { isExtent, type LatentLevel, type Latents, levelShapes } from './latents.js';
import type { GlowModel } from './model.js';

/** The model that latents belong to, as far as files need it. */
export type LatentsModel = Pick<GlowModel, 'config' | 'manifest' | 'precision'>;

/** Latents of pictures of one size, and what is known of each. */
export interface LatentsFile {
  readonly z: readonly Latents[];
  /** Log densities in nats. */
  readonly logProb?: readonly number[];
  /** What the pictures are called. */
  readonly names?: readonly string[];
}

/**
 * Latents, or directions, as a safetensors file: z0 … as [pictures, channels, height, width] and log_prob as
 * [pictures], all F32. The metadata say which model at which precision they belong to, and the names.
 * @throws RangeError if there are none, they differ in size, or names or densities are not one each.
 */
export function saveLatents(model: LatentsModel, { z, logProb, names }: LatentsFile): Uint8Array {
  const where = 'saveLatents';
  const [first] = z;
  if (!first) throw new RangeError(`${where}: expected at least one picture's latents`);
  for (const [name, list] of Object.entries({ logProb, names })) {
    if (list && list.length !== z.length) {
      throw new RangeError(`${where}: ${name}: expected ${z.length}, one per picture, got ${list.length}`);
    }
  }
  const tensors = Object.fromEntries(
    first.levels.map((_, level) => [`z${level}`, stackLevel(z, level, (i) => names?.[i] ?? `z[${i}]`)]),
  );
  const log_prob = { dtype: 'F32' as const, shape: [z.length], data: Float32Array.from(logProb ?? []) };
  return encodeSafetensors(
    { ...tensors, ...(logProb && { log_prob }) },
    {
      format: 'glow-latents',
      model: identityOf(model),
      precision: model.precision,
      ...(names && { images: JSON.stringify(names) }),
    },
  );
}

/**
 * Reads z0 … and, where they are there, log_prob and names of a safetensors file, whoever wrote it.
 * @throws SyntaxError if it is not safetensors; RangeError if it says that it belongs to another model, or a level
 *   is missing or does not fit the model.
 */
export function loadLatents(model: LatentsModel, bytes: Uint8Array): LatentsFile {
  const { tensors, metadata } = parseSafetensors(bytes);
  refuseForeign(model, metadata);
  const [count, , h, w] = tensors.z0?.shape ?? [];
  const shapes = levelShapes(model.config, (h as number) * 2, (w as number) * 2);
  const levels = shapes.map((shape, level) => {
    const tensor = tensors[`z${level}`];
    const expected = [count, ...shape];
    if (tensor?.dtype !== 'F32' || tensor.shape.join() !== expected.join() || !expected.every(isExtent)) {
      const got = tensor ? `${tensor.dtype} [${tensor.shape.join(', ')}]` : 'no such tensor';
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
  const names = parseNames(metadata.images);
  return {
    z,
    ...(log_prob?.dtype === 'F32' && log_prob.data.length === count && { logProb: [...log_prob.data] }),
    ...(names?.length === count && { names }),
  };
}

/** The sha256 of the variant's weights, or of its encode graph if the weights are inside: what decides z. */
function identityOf({ manifest, precision }: LatentsModel): string {
  const { weights, encode } = manifest.variants[precision] as GraphVariant;
  return manifest.files.find(({ path }) => path === (weights ?? encode))?.sha256 ?? 'unknown';
}

function refuseForeign(model: LatentsModel, metadata: Readonly<Record<string, string>>): void {
  const own = identityOf(model);
  const { model: other, precision } = metadata;
  if (other === undefined || other === own) return;
  const short = (identity: string) => identity.slice(0, 12);
  throw new RangeError(
    `latents: they belong to the model with weights ${short(other)}… (${precision}), this one has ${short(own)}… ` +
      `(${model.precision}); load that model, or encode the pictures again`,
  );
}

function stackLevel(z: readonly Latents[], level: number, nameOf: (image: number) => string) {
  const { shape } = (z[0] as Latents).levels[level] as LatentLevel;
  const size = shape[0] * shape[1] * shape[2];
  const data = new Float32Array(z.length * size);
  for (const [i, { levels }] of z.entries()) {
    const latent = levels[level];
    if (latent?.shape.join() !== shape.join()) {
      throw new RangeError(
        `saveLatents: ${nameOf(i)} and ${nameOf(0)} differ in size, a file holds one size; save them apart`,
      );
    }
    data.set((latent as LatentLevel).data, i * size);
  }
  return { dtype: 'F32' as const, shape: [z.length, ...shape], data };
}

function parseNames(text: string | undefined): string[] | undefined {
  try {
    const names: unknown = JSON.parse(text ?? 'null');
    return Array.isArray(names) && names.every((name) => typeof name === 'string') ? names : undefined;
  } catch {
    return undefined;
  }
}
