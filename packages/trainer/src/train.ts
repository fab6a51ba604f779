import { availableParallelism } from 'node:os';
import {
  createGlow,
  type Float64Tensor,
  type Glow,
  type GlowConfig,
  initialParams,
  type Named,
} from '@glow-onnx/flow';
import type { Dataset } from './data/dataset.js';
import { openDevice, type TfjsDevice } from './device.js';
import { createEngine } from './engine/create-engine.js';
import type { Differentiator } from './engine/engine.js';
import { createTfjsDifferentiator } from './engine/tfjs-differentiator.js';
import { acrossThreads } from './engine/threads.js';
import { type Progress, runTraining, type TrainResult } from './loop.js';
import { createRunFolder, reopenRunFolder } from './run-folder.js';
import { defaultSettings, type TrainSettings } from './settings.js';

export interface TrainOptions {
  /** Of a new run; a resumed one has its own. */
  readonly config?: GlowConfig;
  readonly data: Dataset;
  /** The run's folder. */
  readonly out: string;
  /** What differs from the defaults, or from the run that is resumed. */
  readonly settings?: Partial<TrainSettings>;
  readonly device?: TfjsDevice | 'auto';
  /** Threads of the wasm backend (default: one per core, but eight images of the batch for each). */
  readonly threads?: number;
  readonly timeBudgetMinutes?: number;
  /** Goes on with the run in `out`. */
  readonly resume?: boolean;
  /** Replaces a run in `out`. */
  readonly force?: boolean;
  readonly onProgress?: (progress: Progress) => void;
  /** Saves and ends when it fires. */
  readonly signal?: AbortSignal;
}

/**
 * Trains a Glow and leaves checkpoints and metrics in a run folder.
 * @throws Error if the loss stops being finite; the checkpoints written before are kept.
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { folder, checkpoint } = options.resume
    ? await reopenRunFolder(options.out)
    : { folder: await createRunFolder(options.out, options.force ?? false), checkpoint: undefined };
  const config = checkpoint?.config ?? options.config;
  if (config === undefined) throw new TypeError('train: a new run needs a config');
  const stored = checkpoint?.progress?.settings as Partial<TrainSettings> | undefined;
  const settings: TrainSettings = { ...defaultSettings, ...stored, ...options.settings };

  const glow = createGlow(config);
  const params = checkpoint?.params ?? initialParams(glow, settings.seed);
  const differentiator = await openDifferentiator(glow, params.fixed, settings.batch, options);
  const engine = createEngine(glow, params.trainable, differentiator, settings);
  try {
    return await runTraining({
      ...options,
      folder,
      config,
      settings,
      fixed: params.fixed,
      engine,
      checkpoint,
    });
  } finally {
    await engine.dispose();
  }
}

async function openDifferentiator(
  glow: Glow,
  fixed: Named<Float64Tensor>,
  batch: number,
  { device: wanted = 'auto', threads }: TrainOptions,
): Promise<Differentiator> {
  const { device, description } = await openDevice(wanted);
  const local = createTfjsDifferentiator(glow, fixed, `TensorFlow.js on ${description}`);
  const useful = device === 'wasm' ? Math.min(availableParallelism(), Math.floor(batch / 8)) : 1;
  const others = (threads ?? useful) - 1;
  if (others < 1) return local;
  const { spawnWorker } = await import('./engine/spawn-worker.js');
  const workers = Array.from({ length: others }, () => spawnWorker({ config: glow.config, fixed, device }));
  return acrossThreads(local, workers);
}
