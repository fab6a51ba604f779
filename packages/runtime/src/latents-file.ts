import type { GlowConfig } from '@glow-onnx/flow/manifest';
import { encodeSafetensors, parseSafetensors } from '@glow-onnx/flow/safetensors';
import { isExtent, type LatentLevel, type Latents, levelShapes } from './latents.js';

/** What `glow encode` stores: the pictures' names, latents and log densities in nats. */
export interface EncodedFile {
  readonly names: readonly string[];
  readonly z: readonly Latents[];
  readonly logProb: readonly number[];
}

/**
 * Latents of pictures of one size as safetensors: z0 … as [pictures, channels, height, width] and log_prob as
 * [pictures], all F32; metadata `images` is a JSON list of names.
 * @throws RangeError if the pictures differ in size.
 */
export function encodeLatentsFile({ names, z, logProb }: EncodedFile): Uint8Array {
  const first = z[0] as Latents;
  const levels = first.levels.map(({ shape }, level) => {
    const size = shape[0] * shape[1] * shape[2];
    const data = new Float32Array(z.length * size);
    for (const [i, { levels }] of z.entries()) {
      const latent = levels[level] as LatentLevel;
      if (latent.shape.join() !== shape.join()) {
        throw new RangeError(
          `encode: ${names[i]} and ${names[0]} differ in size, a latents file holds one size; encode them apart`,
        );
      }
      data.set(latent.data, i * size);
    }
    return [`z${level}`, { dtype: 'F32' as const, shape: [z.length, ...shape], data }] as const;
  });
  const log_prob = { dtype: 'F32' as const, shape: [z.length], data: Float32Array.from(logProb) };
  return encodeSafetensors(
    { ...Object.fromEntries(levels), log_prob },
    { format: 'glow-latents', images: JSON.stringify(names) },
  );
}

/**
 * Reads z0 … of a safetensors file, whoever wrote it; other tensors do not matter.
 * @throws SyntaxError if it is not safetensors; RangeError if a level is missing or does not fit the model.
 */
export function parseLatentsFile(bytes: Uint8Array, config: GlowConfig): Latents[] {
  const { tensors } = parseSafetensors(bytes);
  const [count, , h, w] = tensors.z0?.shape ?? [];
  const shapes = levelShapes(config, (h as number) * 2, (w as number) * 2);
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
  return Array.from({ length: count as number }, (_, i) => ({
    levels: levels.map(({ shape, data }) => {
      const size = shape[0] * shape[1] * shape[2];
      return { shape, data: data.slice(i * size, (i + 1) * size) };
    }),
  }));
}
