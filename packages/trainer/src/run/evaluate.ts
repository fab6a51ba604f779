import type { Checkpoint, Dequantisation } from '@glow-onnx/flow';
import { dequantisationOf } from '@glow-onnx/flow/internal';
import { type Bound, boundOf, bounds, mean } from '@glow-onnx/runtime/internal';
import type { RuntimeOptions } from '@glow-onnx/runtime/session';
import { openEngine } from '../assembly/open-engine.js';
import type { TrainingData } from '../data/number-dataset.js';
import { inBatches, splitBySeed } from '../data/split.js';
import { defaultSettings } from '../settings/settings.js';
import { mostDraws, scoredBatches } from './batches.js';
import { checkImages, checkSameClasses, checkSameData } from './check-data.js';
import { runOf } from './run-checkpoint.js';

/** Mean bits/dim of images by every bound that a checkpoint can give. */
export interface Evaluation {
  readonly images: number;
  /** Whether they are the images that the run of the checkpoint held out. */
  readonly heldOut: boolean;
  /** Draws of noise for each image. */
  readonly draws: number;
  /** By the noise, and by how the draws of an image become one number. */
  readonly bitsPerDim: Readonly<Partial<Record<Dequantisation, Readonly<Record<Bound, number>>>>>;
}

export interface EvaluateOptions extends Pick<RuntimeOptions, 'threads'> {
  readonly draws: number;
  /** Scores all images of the data, in place of those that the run held out. */
  readonly all: boolean;
  readonly signal?: AbortSignal;
  /** Called after each batch, with the number of images that are done. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Images at once. */
const BATCH = 32;

/**
 * Scores images by the averaged weights of a checkpoint: with uniform noise, and with that of its dequantiser if it has
 * one. With one draw, the means over the images that a run held out are those of its validation.
 * @throws RangeError if `draws` is not an integer from 1 to 2¹⁶, if the data does not fit the model, or if it is not that
 * of the run and `all` is false; Error if a score is not finite.
 */
export async function evaluateCheckpoint(
  checkpoint: Checkpoint,
  data: TrainingData,
  { draws, all, signal, onProgress, ...runtime }: EvaluateOptions,
): Promise<Evaluation> {
  if (!Number.isInteger(draws) || draws < 1 || draws > mostDraws) {
    throw new RangeError(`evaluate: draws must be an integer from 1 to ${mostDraws}, got ${draws}`);
  }
  const { config, params, training } = checkpoint;
  checkImages(data, config);
  const labels = typeof training?.labels === 'string' ? training.labels : null;
  checkSameClasses(data, labels, checkpoint);
  const { seed = defaultSettings.seed } = runOf(checkpoint)?.settings ?? {};
  const scored = scoredBatches(data, config, { seed, labels });
  const indices = all ? Uint32Array.from({ length: data.count }, (_, i) => i) : heldOut(checkpoint, data);
  const kinds = new Set<Dequantisation>(['uniform', dequantisationOf(Object.keys(params.trainable))]);
  const scores = [...kinds].map((kind) => ({ kind, mean: [] as number[], importance: [] as number[] }));
  const dimensions = config.channels * config.height * config.width;
  const engine = await openEngine(checkpoint, {
    ...runtime,
    batch: Math.min(BATCH, indices.length),
    device: 'cpu',
  });
  try {
    let done = 0;
    for (const part of inBatches(indices, BATCH)) {
      const drawn: Float64Array[][] = scores.map(() => []);
      for (let draw = 0; draw < draws; draw++) {
        const batch = await scored(part, draw);
        for (const [k, { kind }] of scores.entries()) {
          signal?.throwIfAborted();
          drawn[k].push(await engine.evaluate(batch, kind));
        }
      }
      for (const [k, of] of scores.entries()) {
        for (let i = 0; i < part.length; i++) {
          const ofImage = drawn[k].map((draw) => ({ bitsPerDim: draw[i], dimensions }));
          for (const bound of bounds) of[bound].push(boundOf[bound](ofImage));
        }
      }
      done += part.length;
      onProgress?.(done, indices.length);
    }
  } finally {
    await engine.dispose();
  }
  const means = scores.map(
    (of) => [of.kind, { mean: mean(of.mean), importance: mean(of.importance) }] as const,
  );
  const wrong = means.find(([, found]) => !Number.isFinite(found.mean));
  if (wrong) {
    throw new Error(
      `evaluate: the images have ${wrong[1].mean} bits/dim by the ${wrong[0]} bound: they are too unlike those of training`,
    );
  }
  return { images: indices.length, heldOut: !all, draws, bitsPerDim: Object.fromEntries(means) };
}

/** @throws RangeError if the checkpoint does not come from a run, or if the data is not that of its run. */
function heldOut(checkpoint: Checkpoint, data: TrainingData): Uint32Array {
  const run = runOf(checkpoint);
  if (!run) {
    throw new RangeError(
      'evaluate: the checkpoint does not come from a training run, so which images were held out is not known; ' +
        'pass all to score all images',
    );
  }
  const { valFraction, seed, labels } = { ...defaultSettings, ...run.settings };
  checkSameData(data, labels, run.data);
  return splitBySeed(data.count, valFraction, seed).validation;
}
