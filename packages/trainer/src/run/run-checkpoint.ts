import { createHash } from 'node:crypto';
import type { Checkpoint, Dequantisation, Float64Tensor, GlowConfig, Named } from '@glow-onnx/flow';
import { isObject, type JsonObject } from '@glow-onnx/flow/internal';
import { mean } from '@glow-onnx/runtime/internal';
import type { Labels } from '../data/labels.js';
import type { TrainingData } from '../data/number-dataset.js';
import type { Engine, EngineState } from '../engine/contract.js';
import type { TrainSettings } from '../settings/settings.js';
import { type Counters, isCount, parseCounters } from './counters.js';

/** The parts that all checkpoints of a run have in common. */
export interface RunConstants {
  readonly config: GlowConfig;
  readonly fixed: Named<Float64Tensor>;
  readonly data: TrainingData;
  readonly settings: TrainSettings;
  readonly trainingImages: number;
  /** The model that the run started from; undefined for a new model. */
  readonly startedFrom?: string | undefined;
}

const HISTOGRAM_BINS = 32;

/** bits/dim of each validation image, by each bound whose mean is finite: one draw of noise. */
export type ValidationScores = Readonly<Partial<Record<Dequantisation, Float64Array>>>;

/**
 * The checkpoint of a run. `scores`: those of these weights, if they were validated. `bitsPerDim` and the histogram are of the uniform bound,
 * which the model folder can compute.
 */
export async function toCheckpoint(
  { config, fixed, data, settings, trainingImages, startedFrom }: RunConstants,
  engine: Engine,
  counters: Counters,
  scores: ValidationScores | undefined,
): Promise<Checkpoint> {
  const { trainable, ema, optimizer, steps } = await engine.state();
  const labels = settings.labels === null ? undefined : data.labels?.[settings.labels];
  return {
    config,
    params: { trainable, fixed },
    initialised: true,
    ...(ema && { ema }),
    optimizer,
    progress: {
      step: counters.step,
      updates: steps,
      counters: { ...counters },
      settings: { ...settings },
      data: describeData(data, labels),
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
      ...(startedFrom !== undefined && { startedFrom }),
      ...(labels && { labels: settings.labels, classNames: labels.values }),
      ...(settings.dequantisation === 'variational' && { dequantisation: 'variational' }),
      ...(scores?.uniform && { bitsPerDim: mean(scores.uniform), histogram: histogram(scores.uniform) }),
      ...(scores?.variational && { variationalBitsPerDim: mean(scores.variational) }),
    },
  };
}

/** What a run that starts from a checkpoint says of it, for the model card. */
export function describeStart({ training }: Checkpoint): string {
  const { dataset, steps } = training ?? {};
  if (typeof dataset !== 'string') return 'weights of another program';
  return isCount(steps) ? `${dataset}, ${steps} steps` : dataset;
}

/** The run that a checkpoint comes from. */
export interface CheckpointRun {
  readonly state: EngineState;
  readonly counters: Counters;
  readonly settings: Partial<TrainSettings>;
  /** Facts about its data, see `describeData`. */
  readonly data: JsonObject;
}

/**
 * The run that a checkpoint comes from. Undefined if the checkpoint comes from elsewhere.
 * @throws RangeError if a counter of the run is not valid.
 */
export function runOf(checkpoint: Checkpoint): CheckpointRun | undefined {
  const { params, ema, optimizer, progress } = checkpoint;
  const { updates, counters, settings, data } = progress ?? {};
  if (!optimizer || !isObject(counters) || !isObject(settings) || !isObject(data)) return undefined;
  const read = parseCounters(counters);
  return {
    state: {
      trainable: params.trainable,
      ...(ema && { ema }),
      optimizer,
      steps: isCount(updates) ? updates : read.step,
    },
    counters: read,
    settings,
    data,
  };
}

/**
 * The facts about the data by which a resumed run recognises it. `pixels` (or numbers, as float32) and `labels` are sha256 of all pixels and of
 * the labels that the run trains on, both in the order of the images.
 */
export function describeData(data: TrainingData, labels: Labels | undefined): JsonObject {
  const { name, count, channels, height, width, fingerprint } = data;
  return {
    ...{ name, count, channels, height, width },
    pixels: fingerprint,
    ...(labels && { labels: fingerprintOf(labels) }),
  };
}

function fingerprintOf({ values, indices }: Labels): string {
  return createHash('sha256')
    .update(JSON.stringify([values, ...indices]))
    .digest('hex');
}

/**
 * The distribution of bits/dim over the validation images, to compare other images with: equal bins from `from` to
 * `to`, with one draw of noise for each image.
 */
function histogram(scores: Float64Array): JsonObject {
  // Not Math.min(...scores): a call takes at most some hundred thousand arguments.
  const from = scores.reduce((least, score) => Math.min(least, score));
  const to = scores.reduce((most, score) => Math.max(most, score));
  const counts = new Array<number>(HISTOGRAM_BINS).fill(0);
  for (const score of scores) {
    const bin = Math.floor(((score - from) / (to - from || 1)) * HISTOGRAM_BINS);
    counts[Math.min(bin, HISTOGRAM_BINS - 1)]++;
  }
  return { from, to, counts, draws: 1 };
}
