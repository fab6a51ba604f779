import type { Checkpoint, Float64Tensor, GlowConfig, Named } from '@glow-onnx/flow';
import type { JsonObject } from '@glow-onnx/flow/internal';
import { mean } from '@glow-onnx/runtime/internal';
import type { Dataset } from '../data/dataset.js';
import type { Engine, EngineState } from '../engine/contract.js';
import type { TrainSettings } from '../settings/settings.js';
import type { Counters } from './progress.js';
import { stable } from './stability.js';

/** What a run's checkpoints say besides what changes. */
export interface RunFacts {
  readonly config: GlowConfig;
  readonly fixed: Named<Float64Tensor>;
  readonly data: Dataset;
  readonly settings: TrainSettings;
  readonly trainingImages: number;
}

const HISTOGRAM_BINS = 32;

/** The state of a run; `scores` are bits/dim of the validation images, when they were last taken. */
export async function toCheckpoint(
  { config, fixed, data, settings, trainingImages }: RunFacts,
  engine: Engine,
  counters: Counters,
  scores: Float64Array | undefined,
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
      data: describeData(data),
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
      ...(labels && { labels: settings.labels, classNames: labels.values }),
      ...(scores && { bitsPerDim: mean(scores), histogram: histogram(scores) }),
    },
  };
}

/** What a checkpoint says of the run it is from; undefined if it is from none. */
export function runOf(
  checkpoint: Checkpoint,
):
  | { state: EngineState; counters: Counters; settings: Partial<TrainSettings>; data: JsonObject }
  | undefined {
  const { params, ema, optimizer, progress } = checkpoint;
  const { updates, counters, settings, data } = progress ?? {};
  if (!optimizer || !isObject(counters) || !isObject(settings) || !isObject(data)) return undefined;
  return {
    state: {
      trainable: params.trainable,
      ...(ema && { ema }),
      optimizer,
      steps: Number(updates ?? counters.step),
    },
    counters: { ...stable, stale: 0, ...(counters as unknown as Omit<Counters, 'stale'>) },
    settings,
    data,
  };
}

/** @throws RangeError if the data is not that of the run to be resumed. */
export function checkSameData(data: Dataset, before: JsonObject): void {
  for (const [name, value] of Object.entries(describeData(data))) {
    if (name === 'name' || before[name] === value) continue;
    throw new RangeError(
      `data: ${data.name} has ${name} ${String(value)}, but the run was started on ${name} ` +
        `${String(before[name])}; pass the same data, or start a new run from its weights with --init`,
    );
  }
}

/**
 * What decides which images a step sees: a run that goes on must keep it, or train on what it held out. Moments mean
 * another thing to another optimiser.
 */
const orderSettings = ['batch', 'seed', 'valFraction', 'labels', 'optimizer'] as const;

/** @throws RangeError if a run would go on with its images in another order, or another optimiser. */
export function checkSameOrder(settings: TrainSettings, before: Partial<TrainSettings>): void {
  for (const name of orderSettings) {
    if (before[name] === undefined || before[name] === settings[name]) continue;
    throw new RangeError(
      `settings: ${name} is ${settings[name]}, but the run was started with ${before[name]}, which cannot change ` +
        'on the way; leave it out, or start a new run from its weights with --init',
    );
  }
}

/** @throws RangeError if the words of the data's classes are not those that the checkpoint was trained on. */
export function checkSameClasses(data: Dataset, attribute: string | null, { training }: Checkpoint): void {
  const before = training?.classNames;
  const now = attribute === null ? undefined : data.labels?.[attribute]?.values;
  if (!Array.isArray(before) || now === undefined) return;
  if (before.length === now.length && before.every((word, i) => word === now[i])) return;
  throw new RangeError(
    `data: ${attribute} of ${data.name} has the classes ${now.join(', ')}, but the checkpoint was trained on ` +
      `${before.join(', ')}; pass labels of those`,
  );
}

/** @throws RangeError if the model is made for other images. */
export function checkImages(data: Dataset, config: GlowConfig): void {
  for (const name of ['channels', 'height', 'width'] as const) {
    if (data[name] === config[name]) continue;
    throw new RangeError(
      `data: ${data.name} has ${name} ${data[name]}, but the model is made for ${config[name]}; ` +
        `${name === 'channels' ? 'pass --channels' : 'pass --size'} to change the pictures`,
    );
  }
}

function describeData({ name, count, channels, height, width }: Dataset): JsonObject {
  return { name, count, channels, height, width };
}

/**
 * How bits/dim spread over the validation images, to score others against: equal bins from `from` to `to`, of one
 * draw of noise each.
 */
function histogram(scores: Float64Array): JsonObject {
  // Not Math.min(...scores): a call takes some hundred thousand arguments at most.
  const from = scores.reduce((least, score) => Math.min(least, score));
  const to = scores.reduce((most, score) => Math.max(most, score));
  const counts = new Array<number>(HISTOGRAM_BINS).fill(0);
  for (const score of scores) {
    const bin = Math.floor(((score - from) / (to - from || 1)) * HISTOGRAM_BINS);
    counts[Math.min(bin, HISTOGRAM_BINS - 1)]++;
  }
  return { from, to, counts, draws: 1 };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
