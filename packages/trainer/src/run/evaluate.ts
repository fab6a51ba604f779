import type { Checkpoint, Dequantisation } from '@glow-onnx/flow';
import { type Bound, boundOf, bounds, mean } from '@glow-onnx/runtime/internal';
import type { RuntimeOptions } from '@glow-onnx/runtime/session';
import { openEngine } from '../assembly/open-engine.js';
import type { TrainingData } from '../data/number-dataset.js';
import { inBatches, splitBySeed } from '../data/split.js';
import { defaultSettings } from '../settings/settings.js';
import { mostDraws, scoredBatches } from './batches.js';
import { checkImages, checkSameClasses, checkSameData } from './check-data.js';
import { runOf } from './run-checkpoint.js';

/** Mean bits/dim of images by all bounds that a checkpoint can give. */
export interface Evaluation {
  readonly images: number;
  /** Whether the images are those that the run of the checkpoint held out. */
  readonly heldOut: boolean;
  /** Draws of noise for each image. */
  readonly draws: number;
  /** By the noise, and by how the draws of an image become one number. */
  readonly bitsPerDim: Readonly<Partial<Record<Dequantisation, Readonly<Record<Bound, number>>>>>;
}

export interface EvaluateOptions extends Pick<RuntimeOptions, 'threads'> {
  readonly draws: number;
  /** All images of the data, in place of those that the run held out. */
  readonly all: boolean;
  readonly signal?: AbortSignal;
  /** Called after each batch with the number of images done. */
  readonly onProgress?: (done: number, total: number) => void;
}

const AT_ONCE = 32;

/**
 * Scores images by the averaged weights of a checkpoint: by the uniform bound, and by the variational bound if it has a
 * dequantiser. With one draw, the mean over the images that a run held out is that of its validation.
 * @throws RangeError if `draws` is not an integer from 1 to 2¹⁶, if the data does not fit the model, or if it is not that
 * of the run and `all` is false; Error if the images or their noise have no finite density.
 */
export async function evaluateCheckpoint(
  checkpoint: Checkpoint,
  data: TrainingData,
  { draws, all, signal, onProgress, ...runtime }: EvaluateOptions,
): Promise<Evaluation> {
  if (!Number.isInteger(draws) || draws < 1 || draws > mostDraws) {
    throw new RangeError(`evaluate: draws must be an integer from 1 to ${mostDraws}, got ${draws}`);
  }
  const { config } = checkpoint;
  checkImages(data, config);
  const labels = typeof checkpoint.training?.labels === 'string' ? checkpoint.training.labels : null;
  checkSameClasses(data, labels, checkpoint);
  const run = runOf(checkpoint);
  const settings = { ...defaultSettings, ...run?.settings, labels };
  const scored = scoredBatches(data, config, settings);
  const indices = all ? Uint32Array.from({ length: data.count }, (_, i) => i) : heldOutOf(checkpoint, data);
  const engine = await openEngine(checkpoint, { ...runtime, batch: AT_ONCE, device: 'cpu' });
  try {
    const kinds: Dequantisation[] = settings.dequantisation === 'variational' ? ['uniform', 'variational'] : ['uniform'];
    const dimensions = config.channels * config.height * config.width;
    const found = kinds.map(() => ({ mean: [] as number[], importance: [] as number[] }));
    let done = 0;
    for (const part of inBatches(indices, AT_ONCE)) {
      const drawn = kinds.map(() => Array.from(part, () => [] as { bitsPerDim: number; dimensions: number }[]));
      for (let draw = 0; draw < draws; draw++) {
        signal?.throwIfAborted();
        const batch = await scored(part, draw);
        for (const [k, kind] of kinds.entries()) {
          const scores = await engine.evaluate(batch, kind);
          for (const [i, bitsPerDim] of scores.entries()) drawn[k][i].push({ bitsPerDim, dimensions });
        }
      }
      for (const [k, of] of drawn.entries()) {
        for (const bound of bounds) found[k][bound].push(...of.map(boundOf[bound]));
      }
      done += part.length;
      onProgress?.(done, indices.length);
    }
    const means = found.map((by) => ({ mean: mean(by.mean), importance: mean(by.importance) }));
    for (const [k, by] of means.entries()) {
      if (Number.isFinite(by.mean)) continue;
      throw new Error(`evaluate: the images have ${by.mean} bits/dim by the ${kinds[k]} bound: ${data.name} is too unlike the model's images`);
    }
    const bitsPerDim = Object.fromEntries(kinds.map((kind, k) => [kind, means[k]]));
    return { images: indices.length, heldOut: !all, draws, bitsPerDim };
  } finally {
    await engine.dispose();
  }
}

/** @throws RangeError if the checkpoint is not of a run, or the data is not that of its run. */
function heldOutOf(checkpoint: Checkpoint, data: TrainingData): Uint32Array {
  const run = runOf(checkpoint);
  if (!run) {
    throw new RangeError(
      'evaluate: the checkpoint is not of a training run, so no images are known as held out; pass all to score all images',
    );
  }
  const { valFraction, seed, labels } = { ...defaultSettings, ...run.settings };
  checkSameData(data, labels, run.data);
  return splitBySeed(data.count, valFraction, seed).validation;
}
