import type { GraphVariant, Manifest, Precision } from '@glow-onnx/flow/manifest';
import { checkInteger } from './check.js';
import type { LoadProgress } from './folder/load-progress.js';
import { type CacheChoice, forgetful, keyValueCache, openCache } from './folder/model-cache.js';
import { type ModelFolder, readGraphs, readManifest, readVerified } from './folder/model-folder.js';
import { type ModelSource, storeOf } from './folder/model-source.js';
import { createModel } from './model/create-model.js';
import type { GlowModel } from './model/model.js';
import { limitsOf } from './pictures/limits.js';
import type { Platform, RuntimeOptions } from './platform.js';
import type { DeviceChoice } from './session.js';
import { openGraphs } from './sessions/open-graphs.js';
import { loadInWorker } from './worker/client.js';
import type { WorkerChoice } from './worker/protocol.js';

const goldenPath = 'golden.safetensors';

export interface LoadOptions extends RuntimeOptions {
  /** Default `auto`. */
  readonly device?: DeviceChoice;
  /** Which graphs of the folder; default fp32. */
  readonly precision?: Precision;
  /** Whether a device that is new to the model computes its golden images first; default true. */
  readonly selfTest?: boolean;
  /**
   * On WebGPU: `reconstruct` leaves latents in the GPU's memory between its two graphs. Faster, and encode's weights
   * are there twice. Default false.
   */
  readonly keepLatents?: boolean;
  /** Images per run; by default as many as fit a memory budget. Changes speed and memory, not results. */
  readonly batchSize?: number;
  /** Largest picture to decode from a file, in pixels; default 2²⁶, 67 megapixels. */
  readonly maxPixels?: number;
  /** Largest file of a picture, in bytes; default 2²⁸, 256 MiB. */
  readonly maxBytes?: number;
  /**
   * Where files that came over a network, and passed self-tests, are kept: `true`, the default, for the user's
   * own cache, text for a folder (Node) or the name of a cache (browsers), `false` for nowhere.
   */
  readonly cache?: CacheChoice;
  /**
   * Browsers only: runs the model in a worker of its own, which leaves the page free and ends with the model.
   * `true` for ours, which bundlers find; else the address of a script that calls `serveGlow`, or such a Worker.
   */
  readonly worker?: WorkerChoice;
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Ends loading; its reason is what `loadGlow` then rejects with. */
  readonly signal?: AbortSignal;
}

/**
 * Loads a model folder that `glow-export` wrote, checking every file it uses against the manifest.
 * @throws Error if a file is missing or changed, or its server does not give it; RangeError if the format or
 *   the precision is not known; DeviceError if no device asked for is there and right; `signal.reason`.
 */
export type LoadGlow = (source: ModelSource, options?: LoadOptions) => Promise<GlowModel>;

export function createLoadGlow(platform: Platform): LoadGlow {
  return async (source, options = {}) => {
    const { signal, worker = false } = options;
    signal?.throwIfAborted();
    const loading = worker
      ? loadInWorker(platform.createCodec(limitsOf(options)), platform.openWorker(worker), source, options)
      : load(platform, source, options);
    return signal ? untilAborted(loading, signal) : loading;
  };
}

async function load(
  platform: Platform,
  source: ModelSource,
  {
    device = 'auto',
    precision = 'fp32',
    selfTest = true,
    keepLatents = false,
    batchSize,
    maxPixels,
    maxBytes,
    cache: cacheChoice,
    onProgress,
    signal,
    ...runtimeOptions
  }: LoadOptions,
): Promise<GlowModel> {
  if (batchSize !== undefined) checkInteger('loadGlow', 'batchSize', batchSize, 1);
  const codec = platform.createCodec(limitsOf({ maxPixels, maxBytes }));
  const { sha256 } = platform;
  const store = storeOf(platform, source);
  const cache = openCache(platform, cacheChoice);
  const cacheOfFiles = store.url === undefined ? undefined : cache;
  const folder: ModelFolder = { store, sha256, cache: cacheOfFiles, onProgress, signal };
  const { manifest, sha256: fingerprint } = await readManifest(folder);
  const variant = variantOf(manifest, precision, store.name);
  const hasGolden = manifest.files.some(({ path }) => path === goldenPath);
  const graphs = await openGraphs(platform, await readGraphs(folder, manifest, variant), {
    ...runtimeOptions,
    device,
    selfTest:
      selfTest && hasGolden
        ? {
            manifest,
            fingerprint,
            precision,
            golden: () => readVerified(folder, manifest, goldenPath),
            cache: cache ? keyValueCache(cache, sha256) : forgetful,
          }
        : undefined,
    keepLatents: keepLatents ? manifest.latents.map(({ name }) => name) : undefined,
  });
  if (!signal?.aborted) onProgress?.({ status: 'ready', name: store.name });
  return createModel({ manifest, precision, graphs, codec, batchSize });
}

function variantOf(manifest: Manifest, precision: Precision, folder: string): GraphVariant {
  const variant: GraphVariant | undefined = manifest.variants[precision];
  if (variant) return variant;
  const there = Object.keys(manifest.variants).join(', ');
  throw new RangeError(`loadGlow: ${folder} has no precision "${precision}" (it has: ${there})`);
}

/** Rejects at once when aborted; what still comes is disposed. */
async function untilAborted(loading: Promise<GlowModel>, signal: AbortSignal): Promise<GlowModel> {
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([loading, aborted]);
  } catch (error) {
    loading.then((model) => model.dispose()).catch(() => undefined);
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
