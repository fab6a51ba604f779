import type { Precision } from '@glow-onnx/flow/manifest';
import type { LoadProgress } from './folder/load-progress.js';
import type { CacheChoice } from './folder/model-cache.js';
import type { ModelSource } from './folder/model-source.js';
import type { GlowModel } from './model/model.js';
import type { DeviceChoice } from './sessions/device.js';
import type { RuntimeOptions } from './sessions/onnx-runtime.js';
import type { WorkerChoice } from './worker/port.js';

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
