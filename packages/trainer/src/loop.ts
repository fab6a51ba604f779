import type { Checkpoint, Float64Tensor, GlowConfig, JsonObject, Named } from '@glow-onnx/flow';
import { dequantise, noise } from './batches.js';
import type { Dataset } from './data/dataset.js';
import { epochBatches, inBatches, splitBySeed } from './data/split.js';
import type { Batch, Engine } from './engine/engine.js';
import type { RunFolder } from './run-folder.js';
import { rateAt, type TrainSettings } from './settings.js';

/** Where a run stands; all that resuming needs besides parameters and moments, since every draw is by counter. */
interface Counters {
  step: number;
  epoch: number;
  /** Training images seen. */
  images: number;
  /** Spent training, over all resumptions. */
  seconds: number;
  /** Validation bits/dim: after initialisation, and the best so far. */
  before: number;
  best: number;
}

export interface Progress extends Readonly<Counters> {
  readonly phase: 'training' | 'validating';
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  /** Of the step just taken; of the validation set after `validating`. */
  readonly bitsPerDim: number;
  readonly gradientNorm: number;
  readonly imagesPerSecond: number;
  readonly secondsLeft: number;
  readonly engine: string;
}

export interface TrainResult {
  /** Why training ended. */
  readonly ended: 'epochs' | 'time' | 'signal';
  /** Validation bits/dim after initialisation and at the best checkpoint. */
  readonly bitsPerDim: { readonly before: number; readonly best: number };
  readonly steps: number;
  readonly images: number;
  readonly seconds: number;
  readonly imagesPerSecond: number;
}

export interface TrainingRun {
  readonly engine: Engine;
  readonly config: GlowConfig;
  readonly fixed: Named<Float64Tensor>;
  readonly data: Dataset;
  readonly settings: TrainSettings;
  readonly folder: RunFolder;
  /** The one to go on from. */
  readonly checkpoint?: Checkpoint | undefined;
  readonly timeBudgetMinutes?: number;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/** Steps between lines of metrics, and seconds between checkpoints inside an epoch. */
const LOG_STEPS = 50;
const SAVE_SECONDS = 300;
const HISTOGRAM_BINS = 32;

/** Runs epochs until they, the time budget, or patience end. */
export async function runTraining(run: TrainingRun): Promise<TrainResult> {
  const { engine, config, data, settings, folder } = run;
  checkData(config, data, run.checkpoint);
  const { train, validation } = splitBySeed(data.count, settings.valFraction, settings.seed);
  const stepsPerEpoch = epochBatches(train, settings.batch, settings.seed, 0).length;
  const counters = restored(run);
  const started = { at: Date.now(), seconds: counters.seconds, images: counters.images };
  let savedAt = Date.now();
  let speed = 0;
  let latest = { bitsPerDim: Number.NaN, gradientNorm: Number.NaN };
  let sinceLog = { sum: 0, steps: 0, gradientNorm: 0 };

  const elapsed = (): number => (Date.now() - started.at) / 1000;
  const budget = (run.timeBudgetMinutes ?? Number.POSITIVE_INFINITY) * 60;
  const outOfTime = (): boolean => elapsed() >= budget;
  const report = (phase: Progress['phase'], bitsPerDim: number): void => {
    const remaining = settings.epochs * stepsPerEpoch * settings.batch - counters.images;
    run.onProgress?.({
      ...counters,
      phase,
      bitsPerDim,
      gradientNorm: latest.gradientNorm,
      epochs: settings.epochs,
      stepsPerEpoch,
      imagesPerSecond: speed,
      secondsLeft: Math.min(speed > 0 ? remaining / speed : Number.POSITIVE_INFINITY, budget - elapsed()),
      engine: engine.description,
    });
  };
  const validate = async (): Promise<Float64Array> => {
    const scores: number[] = [];
    for (const indices of inBatches(validation, settings.batch)) {
      const draws = (i: number) => noise(settings.seed, 'validation', indices[i]);
      scores.push(...(await engine.evaluate(dequantise(data, indices, config.bits, draws))));
      report('validating', mean(scores));
    }
    return Float64Array.from(scores);
  };
  let scores: Float64Array | undefined;
  const checkpoint = (): Checkpoint => toCheckpoint(run, counters, train.length, scores);
  const save = async (): Promise<void> => {
    counters.seconds = started.seconds + elapsed();
    await folder.saveLast(checkpoint());
    savedAt = Date.now();
  };

  if (counters.step === 0) {
    const first = epochBatches(train, settings.batch, settings.seed, 0)[0];
    await engine.initialise(trainingBatch(first, 0));
    scores = await validate();
    counters.before = counters.best = mean(scores);
    await save();
    await folder.log({ step: 0, epoch: 0, images: 0, validationBitsPerDim: counters.before });
  }

  function trainingBatch(indices: Uint32Array, images: number): Batch {
    return dequantise(data, indices, config.bits, (i) => noise(settings.seed, 'training', images + i));
  }

  let ended: TrainResult['ended'] = 'epochs';
  while (counters.epoch < settings.epochs && ended === 'epochs') {
    const batches = epochBatches(train, settings.batch, settings.seed, counters.epoch);
    for (let at = counters.step - counters.epoch * stepsPerEpoch; at < batches.length; at++) {
      const begun = Date.now();
      latest = await engine.step(
        trainingBatch(batches[at], counters.images),
        rateAt(counters.step, settings),
      );
      if (!Number.isFinite(latest.bitsPerDim) || !Number.isFinite(latest.gradientNorm)) {
        throw notFinite(counters, latest, folder.path);
      }
      counters.step++;
      counters.images += settings.batch;
      const imagesPerSecond = (1000 * settings.batch) / Math.max(Date.now() - begun, 1);
      speed = speed === 0 ? imagesPerSecond : 0.9 * speed + 0.1 * imagesPerSecond;
      sinceLog = {
        sum: sinceLog.sum + latest.bitsPerDim,
        steps: sinceLog.steps + 1,
        gradientNorm: Math.max(sinceLog.gradientNorm, latest.gradientNorm),
      };
      report('training', latest.bitsPerDim);
      if (sinceLog.steps === LOG_STEPS || at === batches.length - 1) {
        await folder.log({
          step: counters.step,
          epoch: counters.epoch,
          images: counters.images,
          bitsPerDim: sinceLog.sum / sinceLog.steps,
          gradientNorm: sinceLog.gradientNorm,
          rate: rateAt(counters.step - 1, settings),
          imagesPerSecond: Math.round(speed),
          seconds: Math.round(started.seconds + elapsed()),
        });
        sinceLog = { sum: 0, steps: 0, gradientNorm: 0 };
      }
      if (run.signal?.aborted) ended = 'signal';
      else if (outOfTime()) ended = 'time';
      if (ended !== 'epochs') break;
      if (Date.now() - savedAt > 1000 * SAVE_SECONDS) await save();
    }
    if (counters.step === (counters.epoch + 1) * stepsPerEpoch) counters.epoch++;
    if (ended !== 'signal') {
      scores = await validate();
      const bitsPerDim = mean(scores);
      if (!Number.isFinite(bitsPerDim)) throw notFinite(counters, { bitsPerDim }, folder.path);
      await folder.log({
        step: counters.step,
        epoch: counters.epoch,
        images: counters.images,
        validationBitsPerDim: bitsPerDim,
      });
      if (bitsPerDim < counters.best) {
        counters.best = bitsPerDim;
        counters.seconds = started.seconds + elapsed();
        await folder.saveBest(checkpoint());
      }
    }
    await save();
  }
  return {
    ended,
    bitsPerDim: { before: counters.before, best: counters.best },
    steps: counters.step,
    images: counters.images,
    seconds: counters.seconds,
    imagesPerSecond: (counters.images - started.images) / Math.max(elapsed(), 1e-3),
  };
}

/** Counters at the start, or those of the checkpoint, whose state then is the engine's. */
function restored({ checkpoint, engine }: TrainingRun): Counters {
  const progress = checkpoint?.progress?.counters as unknown as Counters | undefined;
  if (!checkpoint?.optimizer || !progress) {
    const unknown = Number.POSITIVE_INFINITY;
    return { step: 0, epoch: 0, images: 0, seconds: 0, before: unknown, best: unknown };
  }
  engine.restore({
    trainable: checkpoint.params.trainable,
    optimizer: checkpoint.optimizer,
    steps: progress.step,
  });
  return { ...progress };
}

function toCheckpoint(
  { engine, config, fixed, data, settings }: TrainingRun,
  counters: Counters,
  trainingImages: number,
  scores: Float64Array | undefined,
): Checkpoint {
  const { trainable, optimizer } = engine.snapshot();
  return {
    config,
    params: { trainable, fixed },
    initialised: true,
    optimizer,
    progress: {
      step: counters.step,
      counters: { ...counters },
      settings: { ...settings },
      data: dataFacts(data),
    },
    training: {
      dataset: data.name,
      trainingImages,
      validationImages: data.count - trainingImages,
      images: counters.images,
      steps: counters.step,
      epochs: counters.epoch,
      seconds: Math.round(counters.seconds),
      engine: engine.description,
      ...(scores && { bitsPerDim: mean(scores), histogram: histogram(scores) }),
    },
  };
}

function dataFacts({ name, count, channels, height, width }: Dataset): JsonObject {
  return { name, count, channels, height, width };
}

/** @throws RangeError if the images are not what the model, or the run that is resumed, takes. */
function checkData(config: GlowConfig, data: Dataset, checkpoint: Checkpoint | undefined): void {
  for (const name of ['channels', 'height', 'width'] as const) {
    if (data[name] !== config[name]) {
      throw new RangeError(
        `data: ${data.name} has ${name} ${data[name]}, but the model is made for ${config[name]}; ` +
          'pass the --size and --channels the run was started with',
      );
    }
  }
  const before = checkpoint?.progress?.data as { count?: unknown } | undefined;
  if (before?.count !== undefined && before.count !== data.count) {
    throw new RangeError(
      `data: ${data.name} has ${data.count} images, but the run was started on ${String(before.count)}: ` +
        'pass the same data, or start anew with --init',
    );
  }
}

function notFinite(counters: Counters, latest: object, path: string): Error {
  const found = Object.entries(latest).map(([name, value]) => `${name} ${value}`);
  return new Error(
    `training: not finite at step ${counters.step} (${found.join(', ')}); the checkpoints in ${path} are those ` +
      'of before; lower --lr or --clip, or give it more --warmup',
  );
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/** How bits/dim spread over the validation images, for scoring others against: equal bins from `from` to `to`. */
function histogram(scores: Float64Array): JsonObject {
  const from = Math.min(...scores);
  const to = Math.max(...scores);
  const counts = new Array<number>(HISTOGRAM_BINS).fill(0);
  for (const score of scores) {
    const bin = Math.floor(((score - from) / (to - from || 1)) * HISTOGRAM_BINS);
    counts[Math.min(bin, HISTOGRAM_BINS - 1)]++;
  }
  return { from, to, counts };
}
