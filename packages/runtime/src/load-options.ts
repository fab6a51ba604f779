import {
  aBoolean,
  aFunction,
  anAbortSignal,
  anything,
  integerFrom,
  oneOf,
  type Precision,
  precisions,
  type Rules,
} from '@glow-onnx/flow/manifest';
import type { LoadProgress } from './folder/load-progress.js';
import type { CacheChoice } from './folder/model-cache.js';
import type { ModelSource } from './folder/model-source.js';
import type { NetworkOptions } from './folder/stores/url-store.js';
import type { GlowModel } from './model/model.js';
import type { DeviceChoice } from './sessions/device.js';
import { type RuntimeOptions, runtimeRules } from './sessions/onnx-runtime.js';
import type { WorkerChoice } from './worker/port.js';

/** Options of `loadGlow`. */
export interface LoadOptions extends RuntimeOptions, NetworkOptions {
  /**
   * The device that runs the model: `cpu`, `cuda`, `webgpu`, `wasm`, or a list of them to try in order. Default `auto`:
   * the best device that works here and passes the self-test.
   */
  readonly device?: DeviceChoice;
  /** Which graphs of the folder to load: `fp32`, the default, `fp16-weights`, `int8-weights` or `fp16`. */
  readonly precision?: Precision;
  /**
   * Tests a device that has not run this model before: it has to compute the golden images of the folder. Default
   * true.
   */
  readonly selfTest?: boolean;
  /**
   * On WebGPU: `reconstruct` leaves latents in the GPU's memory between its two graphs. This is faster, and keeps the
   * weights of the encode graph in memory twice. Default false.
   */
  readonly keepLatents?: boolean;
  /** Images per run; default: as many as fit a memory budget. It changes speed and memory, not results. */
  readonly batchSize?: number;
  /** The most pixels of an image that is decoded from a file; default 2²⁶, 67 megapixels. */
  readonly maxPixels?: number;
  /** The most bytes of an image file; default 2²⁸, 256 MiB. */
  readonly maxBytes?: number;
  /**
   * The most bytes that a call may need beside the opened model. A call that would need more is refused before it
   * starts. Default: what the machine has free at that time; without a limit on a GPU, whose memory is not known.
   */
  readonly maxMemory?: number;
  /**
   * Where to keep files that came over a network, and the record of passed self-tests. `true`, the default: the
   * user's own cache. Text: a folder (Node) or the name of a cache (browsers). `false`: nowhere.
   */
  readonly cache?: CacheChoice;
  /**
   * Runs the model in workers of its own: processes in Node, Web Workers in browsers. They keep the caller responsive and
   * end with the model. `true` starts one worker of this package, a number so many. Otherwise pass the path (Node) or
   * address of a script that calls `serveGlow`, `{ script, count }`, or a Worker with such a script. A worker runs one
   * call at a time; other calls wait. Default false.
   */
  readonly worker?: WorkerChoice;
  /** Called for each file when its loading starts, makes progress and ends, and once when the model is ready. */
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Aborts loading; `loadGlow` then rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
}

const positive = integerFrom(1);

/** The rules of `LoadOptions`. `anything` is checked where it is used. */
export const loadRules: Rules<LoadOptions> = {
  device: anything,
  precision: oneOf(precisions),
  selfTest: aBoolean,
  keepLatents: aBoolean,
  ...{ batchSize: positive, maxPixels: positive, maxBytes: positive, maxMemory: positive },
  ...{ cache: anything, worker: anything },
  onProgress: aFunction,
  signal: anAbortSignal,
  idleTimeoutMs: positive,
  privateRedirects: aBoolean,
  hub: {
    expected: 'an object { token, endpoint } with texts',
    holds: (value) =>
      typeof value === 'object' &&
      value !== null &&
      Object.entries(value).every(
        ([name, text]) => /^(token|endpoint)$/.test(name) && (text === undefined || typeof text === 'string'),
      ),
  },
  ...runtimeRules,
};

/**
 * Loads a model folder that `glow-onnx export` wrote, and checks every file that it uses against the manifest.
 * @param source the folder's path or address, its name on a model hub, a directory handle, or its files by their paths.
 * @throws Error if a file is missing or changed, or its server does not give it; UnreachableError if a server does not
 *   answer, fails or breaks off, so that a later attempt may help; RangeError if the format or the precision is not
 *   known, the manifest contradicts its graphs or is too large, or a graph is not one that glow-onnx export writes for the
 *   config; DeviceError if no requested device is available and passes the self-test; WorkerError if a worker does
 *   not start;
 *   `signal.reason` if loading is aborted.
 */
export type LoadGlow = (source: ModelSource, options?: LoadOptions) => Promise<GlowModel>;
