import { type Checkpoint, createGlow, type GlowConfig } from '@glow-onnx/flow';
import {
  aBoolean,
  aFunction,
  anAbortSignal,
  checkOptions,
  checkValue,
  isObject,
  parseConfig,
  type Rules,
} from '@glow-onnx/flow/internal';
import { given } from '@glow-onnx/runtime/internal-node';
import { assembleEngine } from '../assembly/assemble-engine.js';
import { type EngineOptions, engineRules } from '../assembly/open-differentiator.js';
import { startingParams } from '../assembly/starting-params.js';
import type { TrainingData } from '../data/number-dataset.js';
import type { Metrics } from '../folder/metrics.js';
import { readRun } from '../folder/read-run.js';
import { createRunFolder, readOnlyRunFolder, reopenRunFolder } from '../folder/run-folder.js';
import { shardOf } from '../ranks/across-ranks.js';
import { checkSameRun } from '../ranks/check-same-run.js';
import { openShare } from '../ranks/open-share.js';
import { alone, type Ranks } from '../ranks/ranks.js';
import type { Progress } from '../report/progress.js';
import { createRunReport, type Epoch } from '../report/run-report.js';
import { checkSettings } from '../settings/check-settings.js';
import { defaultSettings, type TrainSettings } from '../settings/settings.js';
import { createBatches } from './batches.js';
import { checkImages, checkSameData, checkSameOrder } from './check-data.js';
import { checkPlace } from './check-place.js';
import { checkSameClasses, withClasses } from './classes.js';
import type { Forecast } from './forecast.js';
import { riseOfRate } from './learning-rate.js';
import { runTraining, type TrainResult } from './loop.js';
import { type CheckpointRun, describeStart, runOf } from './run-checkpoint.js';
import type { TrainingRun } from './training-run.js';

/** Options of `train`. */
export interface TrainOptions extends EngineOptions {
  /**
   * A config for a new model; a checkpoint whose weights a new run starts from (its averaged weights, if it has them);
   * or `resume` to continue the run in `out`.
   */
  readonly start: { readonly config: GlowConfig } | { readonly init: Checkpoint } | 'resume';
  /**
   * The images, from `openDataset` or `datasetFrom`, or for a config of 0 bits the numbers, from `openNumbers` or
   * `numbersFrom`. A resumed run needs the same data. The caller closes it.
   */
  readonly data: TrainingData;
  /** The folder of the run, for checkpoints, metrics, images and report. It is created if it does not exist. */
  readonly out: string;
  /** Settings that differ from `defaultSettings`, or from the run that is resumed. */
  readonly settings?: Partial<TrainSettings>;
  /** Replaces an existing run in `out`. Default false: `train` fails if `out` has a run. */
  readonly force?: boolean;
  /** Called after every step and every batch of validation. */
  readonly onProgress?: (progress: Progress) => void;
  /** Called once, after the first ten steps, with the time that the run will take. It changes nothing in the run. */
  readonly onForecast?: (forecast: Forecast) => void;
  /**
   * Called with each line of `metrics.jsonl` after it is written, to pass it on to another logger. An error that it
   * throws ends the run.
   */
  readonly onMetrics?: (metrics: Metrics) => void;
  /** Called after each epoch, with samples and reconstructions of the model. */
  readonly onEpoch?: (epoch: Epoch) => void;
  /** Called with a problem that does not end the run, such as a report that cannot be written. */
  readonly onWarning?: (message: string) => void;
  /**
   * When it is aborted, training saves after its current step and ends at once: without pictures of its last state. For
   * a run that ends by the time and has pictures, set `timeBudgetMinutes`.
   */
  readonly signal?: AbortSignal;
  /**
   * The processes that train this run together, from `openMpi`. Each makes the same call and computes its share of every
   * batch, on one thread by default; rank 0 alone locks `out` and writes. All read `out`, so it is on a disk that they
   * share. If `train` throws on one rank, call `ranks.abort(1)`: the others wait for it. Default: only this process.
   */
  readonly ranks?: Ranks;
}

const trainRules: Rules<TrainOptions> = {
  ...engineRules,
  start: {
    expected: '{ config }, { init: checkpoint } or "resume"',
    holds: (value) =>
      value === 'resume' ||
      (isObject(value) && (isObject(value.config) || (isObject(value.init) && 'params' in value.init))),
  },
  data: {
    expected: 'a dataset, from openDataset, datasetFrom, openNumbers or numbersFrom (await it)',
    holds: (value) => typeof value === 'object' && value !== null && 'batch' in value,
  },
  out: { expected: 'the path of a folder', holds: (value) => typeof value === 'string' && value !== '' },
  settings: {
    expected: 'an object of settings',
    holds: (value) => typeof value === 'object' && value !== null,
  },
  force: aBoolean,
  ...{ onProgress: aFunction, onEpoch: aFunction, onWarning: aFunction },
  ...{ onForecast: aFunction, onMetrics: aFunction },
  signal: anAbortSignal,
  ranks: {
    expected: 'the ranks that openMpi gives',
    holds: (value) => typeof value === 'object' && value !== null && 'rank' in value,
  },
};

/**
 * Trains a Glow model and writes checkpoints, metrics, samples and a report into a run folder.
 * @throws RangeError if a setting, the data or the checkpoint does not fit, or if `out` is inside the data; Error if the folder is in use or cannot be
 * written, if the device is not available or out of memory, or if the loss is repeatedly not finite. Checkpoints that
 * were written before stay.
 * @example
 * import { createConfig } from '@glow-onnx/flow';
 * import { openDataset, train } from '@glow-onnx/trainer';
 *
 * const data = await openDataset('pictures', { size: { height: 32, width: 32 } });
 * const { channels, height, width } = data;
 * const config = createConfig({ channels, height, width });
 * const result = await train({ start: { config }, data, out: 'runs/first', settings: { epochs: 20 } });
 * console.log(result.bitsPerDim.best);
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  checkOptions('train', options ?? null, trainRules);
  checkValue('train', 'start', options.start, trainRules.start);
  checkValue('train', 'data', options.data, trainRules.data);
  checkValue('train', 'out', options.out, trainRules.out);
  const opened: Close[] = [];
  try {
    return await runTraining(await openRun(options, opened));
  } finally {
    await closeAll(opened);
  }
}

type Close = () => Promise<void>;

/** Closes everything, also after an error, so that the folder of the run does not stay locked. */
async function closeAll(opened: readonly Close[]): Promise<void> {
  const closed = await Promise.allSettled(opened.map((close) => close()));
  const failed = closed.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
}

/**
 * Opens all that a run needs. What must be closed is added to `opened`, also before an error. This is a function of its
 * own so that checkpoints, in float64 eight times the size of the weights, are freed before training begins.
 */
async function openRun(options: TrainOptions, opened: Close[]): Promise<TrainingRun> {
  const { start, data, out, force = false, ranks = alone } = options;
  const writes = ranks.rank === 0;
  const resumed = start === 'resume' ? await (writes ? reopenRunFolder : readOnlyRun)(out) : undefined;
  if (resumed) opened.push(resumed.folder.close);
  if (resumed?.warning) options.onWarning?.(resumed.warning);
  const checkpoint =
    resumed?.checkpoint ?? (typeof start === 'object' && 'init' in start ? start.init : undefined);
  const run = resumed && resumedRun(out, resumed.checkpoint);
  const settings = settingsOf(options, checkpoint, run);
  if (run) {
    checkSameOrder(settings, run.settings);
    const warning = checkSameData(data, settings.labels, run.data);
    if (warning !== undefined) options.onWarning?.(warning);
  }
  await checkPlace(out, data.roots);
  // A model takes every size that its levels divide: fine-tuning may use another size than the first training.
  const config = parseConfig(
    checkpoint
      ? {
          ...(run ? checkpoint.config : withClasses(checkpoint.config, data, settings.labels)),
          ...{ height: data.height, width: data.width },
        }
      : (start as { config: GlowConfig }).config,
  );
  checkImages(data, config);
  if (checkpoint) checkSameClasses(data, settings.labels, checkpoint);
  const batches = shardOf(createBatches(data, config, settings), ranks);
  const rise = run && riseOfRate(run.counters, run.settings, settings, batches.stepsPerEpoch);
  if (rise !== undefined) options.onWarning?.(rise);

  const glow = createGlow(config, settings.dequantisation);
  const { trainable, fixed } = startingParams(glow, settings.seed, checkpoint);
  const differentiator = await openShare(glow, fixed, settings, options, ranks);
  const engineStart = { initial: trainable, state: run?.state };
  const engine = await assembleEngine(glow, engineStart, differentiator, settings);
  opened.push(engine.dispose);
  const { fingerprint: images } = data;
  const step = run?.counters.step ?? 0;
  await checkSameRun(ranks, { settings, config, images, step, weights: engineStart.initial });
  // Not before all is checked: --force removes the run that was there.
  const create = async () => (writes ? createRunFolder(out, force) : readOnlyRunFolder(out));
  const folder = resumed?.folder ?? (await create());
  if (!resumed) opened.push(folder.close);
  else await folder.cutBack(step);
  const { onWarning, signal } = options;
  return {
    ...options,
    ...{ engine, batches, config, settings, fixed, folder, ranks },
    ...(writes && {
      report: createRunReport({
        ...{ glow, data, batches, settings, folder, fixed },
        ...given({ onWarning, signal }),
      }),
    }),
    initialised: checkpoint?.initialised ?? false,
    startedFrom: run ? startOfRun(checkpoint) : checkpoint && describeStart(checkpoint),
    counters: run?.counters,
  };
}

/** The run in `out` that rank 0 reopens, for the other ranks. */
async function readOnlyRun(out: string): ReturnType<typeof reopenRunFolder> {
  return { ...(await readRun(out)), folder: readOnlyRunFolder(out) };
}

/** What the checkpoint of a run says of the model that the run started from. */
function startOfRun(checkpoint: Checkpoint | undefined): string | undefined {
  const startedFrom = checkpoint?.training?.startedFrom;
  return typeof startedFrom === 'string' ? startedFrom : undefined;
}

/** @throws RangeError if the checkpoint in `out` does not come from a training run. */
function resumedRun(out: string, checkpoint: Checkpoint): CheckpointRun {
  const run = runOf(checkpoint);
  if (run) return run;
  throw new RangeError(
    `${out}: its checkpoint does not come from a training run and cannot be resumed; pass it to --init`,
  );
}

/** @throws RangeError if a setting is invalid. */
function settingsOf(
  options: TrainOptions,
  checkpoint: Checkpoint | undefined,
  run: CheckpointRun | undefined,
): TrainSettings {
  const labels = checkpoint?.training?.labels;
  const settings: TrainSettings = {
    ...defaultSettings,
    ...(typeof labels === 'string' && { labels }),
    ...run?.settings,
    ...options.settings,
  };
  checkSettings(settings);
  return settings;
}
