import type { Checkpoint } from '@glow-onnx/flow';
import type { Engine } from '../engine/contract.js';
import type { Metrics } from '../folder/metrics.js';
import type { RunFolder } from '../folder/run-folder.js';
import type { Ranks } from '../ranks/ranks.js';
import type { Progress } from '../report/progress.js';
import type { Epoch, RunReport } from '../report/run-report.js';
import type { Batches } from './batches.js';
import { atStart, type Counters } from './counters.js';
import type { Forecast } from './forecast.js';
import { createPace, type Pace } from './pace.js';
import { type RunConstants, toCheckpoint, type ValidationScores } from './run-checkpoint.js';

/** All that a training loop needs. */
export interface TrainingRun extends Omit<RunConstants, 'trainingImages'> {
  readonly engine: Engine;
  readonly batches: Batches;
  readonly folder: RunFolder;
  /** Whether the parameters of the engine have seen data. If not, the first batch initialises them. */
  readonly initialised: boolean;
  /** The counters of the run that is resumed, whose state the engine has. */
  readonly counters?: Counters | undefined;
  readonly onProgress?: (progress: Progress) => void;
  readonly onForecast?: (forecast: Forecast) => void;
  readonly onMetrics?: (metrics: Metrics) => void;
  readonly onEpoch?: (epoch: Epoch) => void;
  readonly report?: RunReport;
  readonly signal?: AbortSignal;
  /** The processes that train together. */
  readonly ranks: Ranks;
}

/** A run during training: the parts of it that change. */
export interface RunState {
  readonly run: TrainingRun;
  readonly counters: Counters;
  readonly pace: Pace;
  /** Steps that this process has done: without those before a resumption. */
  readonly ownSteps: number;
  /** Of the last validation. */
  scores: ValidationScores | undefined;
  /** When `last` was saved, in seconds since the start. */
  savedAt: number;
  /** Whether `signal` was aborted on any rank. All ranks learn it at the same step. */
  isInterrupted(): Promise<boolean>;
  /** Why training ends before its epochs, if it does: as decided by all ranks together. */
  endsEarly(): Promise<'signal' | 'time' | undefined>;
  checkpoint(): Promise<Checkpoint>;
  /** Replaces `last`. */
  save(): Promise<void>;
  /** Appends a line to `metrics.jsonl`. */
  log(metrics: Metrics): Promise<void>;
  progress(phase: Progress['phase'], bitsPerDim: number): Progress;
}

export function createRunState(run: TrainingRun): RunState {
  const { engine, batches, settings, folder } = run;
  const { stepsPerEpoch, trainingImages } = batches;
  const counters = run.counters ?? { ...atStart };
  const secondsBefore = counters.seconds;
  const pace = createPace(settings.timeBudgetMinutes, secondsBefore);
  const stepBefore = counters.step;
  const state: RunState = {
    ...{ run, counters, pace },
    get ownSteps() {
      return counters.step - stepBefore;
    },
    scores: undefined,
    savedAt: 0,
    isInterrupted: async () => (await run.ranks.max(Number(run.signal?.aborted ?? false))) > 0,
    async endsEarly() {
      const timeIsUp = (await run.ranks.max(pace.timeUsed)) === 1;
      return (await state.isInterrupted()) ? 'signal' : timeIsUp ? 'time' : undefined;
    },
    async checkpoint() {
      counters.seconds = secondsBefore + pace.elapsedSeconds();
      const scores = counters.validated === counters.step ? state.scores : undefined; // not those of earlier weights
      return toCheckpoint({ ...run, trainingImages }, engine, counters, scores);
    },
    async save() {
      await folder.saveLast(await state.checkpoint());
      state.savedAt = pace.elapsedSeconds();
    },
    async log(metrics) {
      await folder.log(metrics);
      run.onMetrics?.(metrics);
    },
    progress: (phase, bitsPerDim) => ({
      ...counters,
      phase,
      bitsPerDim,
      epochs: settings.epochs,
      stepsPerEpoch,
      imagesPerSecond: pace.imagesPerSecond,
      waiting: pace.waiting,
      secondsLeft: pace.secondsLeft((settings.epochs * stepsPerEpoch - counters.step) * settings.batch),
      timeUsed: pace.timeUsed,
      dequantisation: settings.dequantisation,
      engine: engine.description,
    }),
  };
  return state;
}
