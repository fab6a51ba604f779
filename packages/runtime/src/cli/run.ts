import type { Precision } from '@glow-onnx/flow/manifest';
import { loadGlow } from '../index.js';
import { BatchError } from '../model/batch-error.js';
import type { CallOptions } from '../model/call.js';
import type { GlowModel } from '../model/model.js';
import type { Device } from '../sessions/device.js';
import type { Progress } from './progress.js';
import { given } from './run-program.js';
import { SomeFailed } from './some-failed.js';

/** The progress callbacks and the signal of a command. */
export interface Context extends Required<CallOptions>, Pick<Progress, 'onStep'> {
  /** Whether the model runs in a process of its own, which the signal can stop at any time. */
  readonly worker: boolean;
}

export interface ModelFlags {
  readonly device: Device | 'auto';
  readonly precision: Precision;
  /** In bytes. */
  readonly maxMemory?: number;
  readonly label?: string;
}

/** Loads a model for one command. `use` also gets the options that every call of the model takes. */
export async function withModel<T>(
  directory: string,
  { device, precision, maxMemory, label }: ModelFlags,
  { worker, onProgress, signal }: Context,
  use: (model: GlowModel, options: Required<CallOptions> & { label?: string }) => Promise<T>,
): Promise<T> {
  const model = await loadGlow(directory, { device, precision, worker, signal, ...given({ maxMemory }) });
  try {
    return await use(model, { onProgress, signal, ...given({ label }) });
  } finally {
    await model.dispose();
  }
}

/** The results of a call on several images, of which some may have failed. */
export interface Partly<Result> {
  readonly results: readonly (Result | undefined)[];
  readonly error?: Error;
}

/**
 * Waits for a call on several images.
 * @param out the file or folder that gets the results.
 * @throws the error of the call if no image succeeded.
 */
export async function partly<Result>(
  call: Promise<readonly Result[]>,
  out?: string,
): Promise<Partly<Result>> {
  try {
    return { results: await call };
  } catch (error) {
    if (!(error instanceof BatchError) || error.results.every((result) => result === undefined)) throw error;
    return { results: error.results as Result[], error: new SomeFailed(error, out) };
  }
}
