import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GraphVariant, Precision } from '@glow-onnx/flow/manifest';
import { createModel } from './create-model.js';
import type { GlowModel } from './model.js';
import { type ModelStore, readGraphs, readManifest } from './model-folder.js';
import { sharpCodec } from './node-images.js';
import { type Device, openSession } from './session.js';

export interface LoadOptions {
  /** Default `auto`, which is the CPU. */
  readonly device?: Device | 'auto';
  /** Which graphs of the folder; default fp32. */
  readonly precision?: Precision;
  /** Images per run; by default as many as fit a memory budget. Changes speed and memory, not results. */
  readonly batchSize?: number;
  /** Largest picture to decode from a file, in pixels; default 2²⁶, 67 megapixels. */
  readonly maxPixels?: number;
}

/**
 * Loads a model folder that `glow-export` wrote, checking every file it uses against the manifest.
 * @throws Error if a file is missing or changed, the format is not known, or the device is not there.
 */
export async function loadGlow(directory: string, options: LoadOptions = {}): Promise<GlowModel> {
  const { device = 'auto', precision = 'fp32', batchSize, maxPixels = 2 ** 26 } = options;
  for (const [name, value] of Object.entries({ batchSize, maxPixels })) {
    if (value !== undefined && (!Number.isSafeInteger(value) || value < 1)) {
      throw new RangeError(`loadGlow: ${name} must be a positive integer, got ${value}`);
    }
  }
  const store = directoryStore(directory);
  const manifest = await readManifest(store);
  const variant: GraphVariant | undefined = manifest.variants[precision];
  if (!variant) {
    const there = Object.keys(manifest.variants).join(', ');
    throw new RangeError(`loadGlow: ${directory} has no precision "${precision}" (it has: ${there})`);
  }
  const graphs = await readGraphs(store, manifest, variant);
  const encoder = await openSession({ ...graphs.encode, device });
  try {
    const decoder = await openSession({ ...graphs.decode, device });
    return createModel({ manifest, encoder, decoder, codec: sharpCodec(maxPixels), batchSize });
  } catch (error) {
    await encoder.release();
    throw error;
  }
}

/** A model folder on disk. */
export function directoryStore(directory: string): ModelStore {
  return {
    name: directory,
    async read(path) {
      try {
        return await readFile(join(directory, path));
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
        throw error;
      }
    },
  };
}
