import { type Checkpoint, createGlow, type GlowConfig, initialParams, parseConfig } from '@glow-onnx/flow';
import { type EngineOptions, openDifferentiator } from '../assembly/open-differentiator.js';
import type { Dataset } from '../data/dataset.js';
import { createEngine } from '../engine/create-engine.js';
import { createRunFolder, reopenRunFolder } from '../folder/run-folder.js';
import { createChronicle, type Epoch } from '../report/run-report.js';
import { checkSettings, defaultSettings, type TrainSettings } from '../settings/settings.js';
import { createBatches } from './batches.js';
import { runTraining, type TrainingRun, type TrainResult } from './loop.js';
import type { Progress } from './progress.js';
import { checkImages, checkSameClasses, checkSameData, checkSameOrder, runOf } from './run-checkpoint.js';

export interface TrainOptions extends EngineOptions {
  /** The model to train, from its first weights on; or a checkpoint to start from; or the run in `out`, to resume. */
  readonly start: { readonly config: GlowConfig } | { readonly init: Checkpoint } | 'resume';
  readonly data: Dataset;
  /** The run's folder. */
  readonly out: string;
  /** What differs from the defaults, or from the run that is resumed. */
  readonly settings?: Partial<TrainSettings>;
  /** Ends after so many minutes. */
  readonly timeBudgetMinutes?: number;
  /** Replaces a run in `out`. */
  readonly force?: boolean;
  readonly onProgress?: (progress: Progress) => void;
  /** Told after each epoch, with pictures of what the model can do. */
  readonly onEpoch?: (epoch: Epoch) => void;
  /** Told what is wrong with the run but does not end it. */
  readonly onWarning?: (message: string) => void;
  /** When it fires, training saves and ends. */
  readonly signal?: AbortSignal;
}

/**
 * Trains a Glow and leaves checkpoints and metrics in a run folder.
 * @throws RangeError if a setting, the data or a checkpoint does not fit; Error if the loss stops being finite,
 * the checkpoints written before being kept.
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const opened: Close[] = [];
  try {
    return await runTraining(await prepare(options, opened));
  } finally {
    for (const close of opened) await close();
  }
}

type Close = () => Promise<void>;

/**
 * Brings together what a run needs; what has to be closed goes to `opened`, even on the way to an error. A function of
 * its own so that checkpoints, in float64 eight times the size of the weights, are gone when training begins.
 */
async function prepare(options: TrainOptions, opened: Close[]): Promise<TrainingRun> {
  const { start, data, out } = options;
  const resumed = start === 'resume' ? await reopenRunFolder(out) : undefined;
  if (resumed) opened.push(resumed.folder.close);
  if (resumed?.warning) options.onWarning?.(resumed.warning);
  const checkpoint =
    resumed?.checkpoint ?? (typeof start === 'object' && 'init' in start ? start.init : undefined);
  const run = resumed && runOf(resumed.checkpoint);
  if (resumed && !run)
    throw new RangeError(`${out}: its checkpoint is from no training run; pass it to --init`);
  const labels = checkpoint?.training?.labels;
  const settings: TrainSettings = {
    ...defaultSettings,
    ...(typeof labels === 'string' && { labels }),
    ...run?.settings,
    ...options.settings,
  };
  checkSettings(settings);
  checkLimits(options);
  if (run) {
    checkSameData(data, run.data);
    checkSameOrder(settings, run.settings);
  }
  // A model takes any size that its levels divide: fine-tuning may use another than its first training.
  const config = parseConfig(
    checkpoint
      ? { ...checkpoint.config, height: data.height, width: data.width }
      : (start as { config: GlowConfig }).config,
  );
  checkImages(data, config);
  if (checkpoint) checkSameClasses(data, settings.labels, checkpoint);
  const batches = createBatches(data, config, settings);

  const glow = createGlow(config);
  const params = checkpoint?.params ?? initialParams(glow, settings.seed);
  const differentiator = await openDifferentiator(glow, params.fixed, settings, options);
  let { dispose } = differentiator;
  opened.push(() => dispose());
  // What was validated and would be exported is the average of weights: a new run starts from that.
  const initial = checkpoint?.ema ?? params.trainable;
  const { residentEngine } = differentiator;
  const engine = residentEngine
    ? await residentEngine(initial, settings)
    : createEngine(glow, initial, differentiator, settings);
  dispose = engine.dispose; // which disposes of both
  if (run) await engine.restore(run.state);
  const folder = resumed?.folder ?? (await createRunFolder(out, options.force ?? false));
  if (!resumed) opened.push(folder.close);
  return {
    ...options,
    engine,
    batches,
    config,
    settings,
    fixed: params.fixed,
    folder,
    chronicle: createChronicle({ ...options, folder, glow, fixed: params.fixed, batches, settings }),
    initialised: checkpoint?.initialised ?? false,
    counters: run?.counters,
  };
}

/** @throws RangeError naming the limit, what it has to be and what it is. */
function checkLimits({ threads = 1, timeBudgetMinutes = 1 }: TrainOptions): void {
  if (!Number.isInteger(threads) || threads < 1 || threads > 256) {
    throw new RangeError(`train: threads must be an integer from 1 to 256, got ${threads}`);
  }
  if (!(timeBudgetMinutes > 0)) {
    throw new RangeError(`train: timeBudgetMinutes must be a number above 0, got ${timeBudgetMinutes}`);
  }
}
