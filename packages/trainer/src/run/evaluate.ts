import { type Checkpoint, createGlow, type Dequantisation } from '@glow-onnx/flow';
import { dequantisationOf } from '@glow-onnx/flow/internal';
import { type Bound, boundOf, bounds, mean } from '@glow-onnx/runtime/internal';
import { given } from '@glow-onnx/runtime/internal-node';
import type { RuntimeOptions } from '@glow-onnx/runtime/session';
import { startingParams } from '../assembly/starting-params.js';
import { isNumbers, type TrainingData } from '../data/number-dataset.js';
import { inBatches, splitBySeed } from '../data/split.js';
import { flatten, parameterLayout } from '../engine/parameters.js';
import { openOnnxRuntimeDifferentiator } from '../onnxruntime/onnxruntime-differentiator.js';
import { evaluation } from '../onnxruntime/training-graph.js';
import { defaultSettings } from '../settings/settings.js';
import { mostDraws, scoredBatches } from './batches.js';
import { checkImages, checkSameData } from './check-data.js';
import { checkSameClasses } from './classes.js';
import { runOf } from './run-checkpoint.js';

/** Mean bits/dim of images by every bound that a checkpoint can give. */
export interface Evaluation {
  readonly images: number;
  /** Whether they are the images that the run of the checkpoint held out. */
  readonly heldOut: boolean;
  /** Draws of noise for each image. */
  readonly draws: number;
  /**
   * By the noise, and by how the draws of an image become one number. Numbers have no noise: theirs are those of the
   * density, as `uniform`.
   */
  readonly bitsPerDim: Readonly<Partial<Record<Dequantisation, Readonly<Record<Bound, number>>>>>;
  /** Why it is not known whether the data is that of the run, if so. */
  readonly warning?: string;
}

export interface EvaluateOptions extends Pick<RuntimeOptions, 'threads'> {
  readonly draws: number;
  /** Scores all images of the data, in place of those that the run held out. */
  readonly all: boolean;
  /** The attribute whose values are the classes. Default: that of the run. */
  readonly labels?: string;
  readonly signal?: AbortSignal;
  /** Called after each batch, with the number of images that are done. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** The most images at once. */
const BATCH = 32;

/**
 * Scores images by the averaged weights of a checkpoint: with uniform noise, and with that of its dequantiser if it has
 * one. With one draw, the means over the images that a run held out are those of its validation. Messages name flags of
 * `glow-onnx evaluate`, the only caller.
 * @throws RangeError if `draws` is not an integer from 1 to 2¹⁶, if the data does not fit the model, if it is not that
 * of the run and `all` is false, or if the labels do not fit; Error if a score is not finite.
 */
export async function evaluateCheckpoint(
  checkpoint: Checkpoint,
  data: TrainingData,
  { draws, all, labels, signal, onProgress, threads }: EvaluateOptions,
): Promise<Evaluation> {
  if (!Number.isInteger(draws) || draws < 1 || draws > mostDraws) {
    throw new RangeError(`--draws must be an integer from 1 to ${mostDraws}, got ${draws}`);
  }
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1)) {
    throw new RangeError(`--threads must be an integer from 1 on, got ${threads}`);
  }
  const { config, params } = checkpoint;
  checkImages(data, config);
  if (isNumbers(data) && draws > 1) {
    throw new RangeError(`draws of noise are for pixels, and ${data.name} has numbers; pass --draws 1`);
  }
  const attribute = attributeOf(checkpoint, data, labels);
  checkSameClasses(data, attribute, checkpoint);
  const { seed, batch, accumulate } = { ...defaultSettings, ...runOf(checkpoint)?.settings };
  const scored = scoredBatches(data, config, { seed, labels: attribute });
  const { indices, warning } = all ? allOf(data) : heldOut(checkpoint, data);
  const kinds = new Set<Dequantisation>(['uniform', dequantisationOf(Object.keys(params.trainable))]);
  const scores = [...kinds].map((kind) => ({ kind, mean: [] as number[], importance: [] as number[] }));
  const dimensions = config.channels * config.height * config.width;
  const glow = createGlow(config, dequantisationOf(Object.keys(params.trainable)));
  const { trainable, fixed } = startingParams(glow, seed, checkpoint);
  const parameters = flatten(parameterLayout(glow), trainable);
  const atOnce = Math.min(BATCH, Math.ceil(batch / accumulate), indices.length);
  const differentiator = await openOnnxRuntimeDifferentiator(glow, fixed, {
    ...given({ threads }),
    ...{ device: 'cpu', count: atOnce, first: evaluation.uniform },
  });
  try {
    let done = 0;
    for (const part of inBatches(indices, atOnce)) {
      const drawn: Float64Array[][] = scores.map(() => []);
      for (let draw = 0; draw < draws; draw++) {
        const batch = await scored(part, draw);
        for (const [k, { kind }] of scores.entries()) {
          signal?.throwIfAborted();
          drawn[k].push(await differentiator.evaluate(parameters, batch, kind));
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
    await differentiator.dispose();
  }
  const means = scores.map(
    (of) => [of.kind, { mean: mean(of.mean), importance: mean(of.importance) }] as const,
  );
  const wrong = means.find(([, found]) => !Number.isFinite(found.mean));
  if (wrong) {
    throw new Error(
      `the images have ${wrong[1].mean} bits/dim by the ${wrong[0]} bound: they are too unlike those of training`,
    );
  }
  return {
    ...{ images: indices.length, heldOut: !all, draws, bitsPerDim: Object.fromEntries(means) },
    ...given({ warning }),
  };
}

/** @throws RangeError if it is not known which labels the classes of the model are, or if it has no classes. */
function attributeOf(
  { config: { classes }, training }: Checkpoint,
  data: TrainingData,
  labels: string | undefined,
): string | null {
  if (classes === 0 && labels !== undefined) {
    throw new RangeError('labels are for a model of classes, and this one has none; leave --labels out');
  }
  if (labels !== undefined) return labels;
  if (typeof training?.labels === 'string') return training.labels;
  if (classes === 0) return null;
  const found = Object.keys(data.labels ?? {}).join(', ') || 'none';
  throw new RangeError(
    `the model has ${classes} classes, and the checkpoint does not name the labels that they are; ` +
      `pass --labels (found in ${data.name}: ${found})`,
  );
}

interface Chosen {
  readonly indices: Uint32Array;
  readonly warning?: string | undefined;
}

const allOf = ({ count }: TrainingData): Chosen => ({
  indices: Uint32Array.from({ length: count }, (_, i) => i),
});

/** @throws RangeError if the checkpoint does not come from a run, or if the data is not that of its run. */
function heldOut(checkpoint: Checkpoint, data: TrainingData): Chosen {
  const run = runOf(checkpoint);
  if (!run) {
    throw new RangeError(
      'the checkpoint does not come from a training run, so which images were held out is not known; ' +
        'pass --all to score all images',
    );
  }
  const { valFraction, seed, labels } = { ...defaultSettings, ...run.settings };
  const warning = checkSameData(data, labels, run.data);
  return { indices: splitBySeed(data.count, valFraction, seed).validation, warning };
}
