import type { GraphVariant, Precision } from '@glow-onnx/flow/manifest';
import { createModel } from './create-model.js';
import type { GlowModel } from './model.js';
import { readGraphs, readManifest } from './model-folder.js';
import { openGraphs } from './open-graphs.js';
import type { Platform } from './platform.js';
import type { DeviceChoice } from './session.js';

export interface LoadOptions {
  /** Default `auto`. */
  readonly device?: DeviceChoice;
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
export type LoadGlow = (source: string, options?: LoadOptions) => Promise<GlowModel>;

export function createLoadGlow(platform: Platform): LoadGlow {
  return async (source, options = {}) => {
    const { device = 'auto', precision = 'fp32', batchSize, maxPixels = 2 ** 26 } = options;
    for (const [name, value] of Object.entries({ batchSize, maxPixels })) {
      if (value !== undefined && (!Number.isSafeInteger(value) || value < 1)) {
        throw new RangeError(`loadGlow: ${name} must be a positive integer, got ${value}`);
      }
    }
    const store = platform.openStore(source);
    const manifest = await readManifest(store);
    const variant: GraphVariant | undefined = manifest.variants[precision];
    if (!variant) {
      const there = Object.keys(manifest.variants).join(', ');
      throw new RangeError(`loadGlow: ${source} has no precision "${precision}" (it has: ${there})`);
    }
    const graphs = await openGraphs(platform, await readGraphs(store, manifest, variant), { device });
    const codec = platform.createCodec({ maxPixels });
    return createModel({ manifest, precision, graphs, codec, batchSize });
  };
}
