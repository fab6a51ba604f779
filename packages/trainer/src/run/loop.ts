import { mean } from '@glow-onnx/runtime/internal';
import { readAhead } from '../data/read-ahead.js';
import type { Engine, StepResult } from '../engine/contract.js';
import type { RunFolder } from '../folder/run-folder.js';
import type { Chronicle, Epoch } from '../report/run-report.js';
import { rateAt } from '../settings/settings.js';
import type { Batches } from './batches.js';
import { type Counters, createPace, type Progress } from './progress.js';
import { type RunFacts, runOf, toCheckpoint } from './run-checkpoint.js';
import { normLimit, noteStep, stable } from './stability.js';

export interface TrainingRun extends Omit<RunFacts, 'trainingImages'> {
  readonly engine: Engine;
  readonly batches: Batches;
  readonly folder: RunFolder;
  /** Whether the engine's parameters have seen data: if not, the first batch initialises them. */
  readonly initialised: boolean;
  /** Those of the run that is resumed, whose state the engine has. */
  readonly counters?: Counters | undefined;
  readonly timeBudgetMinutes?: number;
  readonly onProgress?: (progress: Progress) => void;
  /** Told after each epoch, with pictures. */
  readonly onEpoch?: (epoch: Epoch) => void;
  readonly chronicle?: Chronicle;
  readonly signal?: AbortSignal;
}

export interface TrainResult {
  /** Why training ended. */
  readonly ended: 'epochs' | 'time' | 'signal' | 'patience';
  /** Validation bits/dim at the start and of `best.safetensors`. */
  readonly bitsPerDim: { readonly before: number; readonly best: number };
  readonly steps: number;
  readonly epochs: number;
  /** Training images seen. */
  readonly images: number;
  /** Steps left out for an outlying gradient; steps undone because they were not finite. */
  readonly skipped: number;
  readonly rolledBack: number;
  readonly seconds: number;
  readonly imagesPerSecond: number;
  readonly engine: string;
}

/** Steps to a line of metrics; seconds to a checkpoint inside an epoch. */
const LOG_STEPS = 50;
const SAVE_SECONDS = 300;

/**
 * Runs epochs, validating after each, until they, the time, the patience or the user end it. `last` is saved at the
 * start, every five minutes, after each epoch and at the end; `best` when validation is better than ever.
 * @throws Error if the loss is not finite, time and again; the files are then those of before.
 */
export async function runTraining(run: TrainingRun): Promise<TrainResult> {
  const { engine, batches, settings, folder, signal } = run;
  const { stepsPerEpoch, trainingImages } = batches;
  const unknown = Number.POSITIVE_INFINITY;
  const counters: Counters = run.counters ?? {
    ...stable,
    step: 0,
    epoch: 0,
    images: 0,
    seconds: 0,
    before: unknown,
    best: unknown,
    stale: 0,
  };
  const secondsBefore = counters.seconds;
  const pace = createPace(run.timeBudgetMinutes);
  let scores: Float64Array | undefined;
  let savedAt = 0;

  const checkpoint = async () => {
    counters.seconds = secondsBefore + pace.elapsedSeconds();
    return toCheckpoint({ ...run, trainingImages }, engine, counters, scores);
  };
  const save = async (): Promise<void> => {
    await folder.saveLast(await checkpoint());
    savedAt = pace.elapsedSeconds();
  };
  const progress = (phase: Progress['phase'], bitsPerDim: number): Progress => ({
    ...counters,
    phase,
    bitsPerDim,
    epochs: settings.epochs,
    stepsPerEpoch,
    imagesPerSecond: pace.imagesPerSecond,
    waiting: pace.waiting,
    secondsLeft: pace.secondsLeft((settings.epochs * stepsPerEpoch - counters.step) * settings.batch),
    engine: engine.description,
  });
  const report = (phase: Progress['phase'], bitsPerDim: number): void =>
    run.onProgress?.(progress(phase, bitsPerDim));

  /** Scores the held-out images and keeps the parameters if they are the best; not if interrupted, unless it is the first time. */
  const validate = async (): Promise<void> => {
    const found: number[] = [];
    for await (const batch of batches.validation()) {
      if (signal?.aborted && counters.step > 0) return;
      found.push(...(await engine.evaluate(batch)));
      report('validating', mean(found));
    }
    const bitsPerDim = mean(found);
    if (!Number.isFinite(bitsPerDim)) throw notFinite(counters, { bitsPerDim }, folder.path);
    scores = Float64Array.from(found);
    if (counters.step === 0) counters.before = bitsPerDim;
    const { step, epoch, images } = counters;
    await folder.log({ step, epoch, images, validationBitsPerDim: bitsPerDim });
    if (bitsPerDim >= counters.best) {
      // A validation that an interruption brought about is one more than the run would have had.
      if (step % stepsPerEpoch === 0) counters.stale++;
      return;
    }
    counters.best = bitsPerDim;
    counters.stale = 0;
    await folder.saveBest(await checkpoint());
  };

  /** Validates, saves and, if it has learnt and nobody waits for the end, draws what the model can do by now. */
  const concludeEpoch = async (): Promise<void> => {
    await validate();
    await save();
    const validated = progress('validating', scores ? mean(scores) : Number.NaN);
    if (signal?.aborted || counters.step === 0) return run.chronicle?.refresh(validated);
    const epoch = await run.chronicle?.epoch(validated, await engine.state());
    if (epoch) run.onEpoch?.(epoch);
  };

  /** Notes how a step went; goes back to the last checkpoint if parameters have gone astray. */
  const cope = async (result: StepResult): Promise<void> => {
    const advice = noteStep(counters, result);
    if (advice === 'give up') throw notFinite(counters, result, folder.path);
    const last = advice === 'return' ? runOf(await folder.readLast()) : undefined;
    if (last) await engine.restore(last.state);
  };

  /** The rest of an epoch, or of the time there is for it. */
  const trainEpoch = async (): Promise<TrainResult['ended'] | undefined> => {
    const order = batches.order(counters.epoch);
    let recent: StepResult[] = [];
    pace.resumeClock();
    const { images } = counters;
    const upcoming = readAhead(order.slice(counters.step - counters.epoch * stepsPerEpoch), (indices, i) =>
      batches.training(indices, images + i * settings.batch),
    );
    for await (const batch of upcoming) {
      const rate = counters.rateFactor * rateAt(counters.step, settings, settings.epochs * stepsPerEpoch);
      const result = await engine.step(batch, rate, normLimit(counters, settings.skipOutliers));
      await cope(result);
      counters.step++;
      counters.images += batch.count;
      pace.note(batch.count, upcoming.waitedSeconds);
      report('training', result.bitsPerDim);
      if (result.applied) recent.push(result);
      const ended = signal?.aborted ? 'signal' : pace.secondsLeft(unknown) === 0 ? 'time' : undefined;
      if (recent.length === LOG_STEPS || counters.step % stepsPerEpoch === 0 || ended) {
        const { imagesPerSecond, waiting } = pace;
        await folder.log({ ...metricsOf(recent, counters), rate, imagesPerSecond, waiting });
        recent = [];
      }
      if (ended) return ended;
      if (pace.elapsedSeconds() - savedAt > SAVE_SECONDS && counters.streak > 0) {
        await save();
        await run.chronicle?.refresh(progress('training', result.bitsPerDim));
      }
    }
    return undefined;
  };

  if (!run.counters) {
    if (!run.initialised) await engine.initialise(await batches.training(batches.order(0)[0], 0));
    await concludeEpoch();
  }
  const outOfPatience = (): boolean => settings.patience > 0 && counters.stale >= settings.patience;
  let ended: TrainResult['ended'] | undefined = signal?.aborted ? 'signal' : undefined;
  while (ended === undefined && counters.epoch < settings.epochs && !outOfPatience()) {
    ended = await trainEpoch();
    counters.epoch = Math.floor(counters.step / stepsPerEpoch);
    await concludeEpoch();
  }
  return {
    ended: ended ?? (counters.epoch < settings.epochs ? 'patience' : 'epochs'),
    bitsPerDim: { before: counters.before, best: counters.best },
    steps: counters.step,
    epochs: counters.epoch,
    images: counters.images,
    skipped: counters.skipped,
    rolledBack: counters.rolledBack,
    seconds: counters.seconds,
    imagesPerSecond: pace.imagesPerSecond,
    engine: engine.description,
  };
}

/** One line of metrics: means over the last steps that were taken, their largest gradient, and counts of others. */
function metricsOf(recent: readonly StepResult[], counters: Counters) {
  const { step, epoch, images, skipped, rolledBack } = counters;
  return {
    ...{ step, epoch, images, skipped, rolledBack },
    ...(recent.length > 0 && {
      bitsPerDim: mean(recent.map(({ bitsPerDim }) => bitsPerDim)),
      bitsPerDimLevels: recent[0].bitsPerDimLevels.map((_, l) =>
        mean(recent.map(({ bitsPerDimLevels }) => bitsPerDimLevels[l])),
      ),
      gradientNorm: Math.max(...recent.map(({ gradientNorm }) => gradientNorm)),
    }),
  };
}

function notFinite({ step, rolledBack }: Counters, values: object, path: string): Error {
  const found = Object.entries(values).map(([name, value]) => `${name} ${value}`);
  return new Error(
    `training: not finite after ${step} steps (${found.join(', ')}), ${rolledBack} steps undone; the checkpoints in ` +
      `${path} are from before; resume them or start anew with a lower --lr or --clip or a longer --warmup`,
  );
}
