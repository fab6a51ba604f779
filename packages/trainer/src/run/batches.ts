import { createRandom, type GlowConfig } from '@glow-onnx/flow';
import { binToFloat32, pixelToBin } from '@glow-onnx/flow/internal';
import { AdvisedError } from '@glow-onnx/runtime/internal-node';
import { type Augmentation, drawSources } from '../data/augment.js';
import { findLabels, type Labels } from '../data/labels.js';
import { isNumbers, type TrainingData } from '../data/number-dataset.js';
import { readAhead } from '../data/read-ahead.js';
import { epochBatches, inBatches, splitBySeed, spread } from '../data/split.js';
import type { Batch } from '../engine/batch.js';
import type { TrainSettings } from '../settings/settings.js';

/** Random streams of the seed that nothing else uses. Those of validation go up with the draw, by 2³² each. */
const noiseStreams = { training: 2 ** 50, validation: 2 ** 49 } as const;

const unchanged: Augmentation = { flip: false, shift: 0 };

/**
 * The batches that a run trains and validates on. Images are dequantised: x = (q + u)/2ⁿ − ½ with u uniform in [0, 1).
 * Numbers stay as they are.
 * Each image has a random stream of its own, so that neither batch size nor engine changes a draw. The stream of a
 * training image first decides its augmentation.
 */
export interface Batches {
  readonly trainingImages: number;
  readonly stepsPerEpoch: number;
  /** The indices of the images of each step of an epoch. */
  order(epoch: number): Uint32Array[];
  /** The batch of a step. Its noise depends on the number of images trained on before. */
  training(indices: Uint32Array, imagesBefore: number): Promise<Batch>;
  /** The held-out images without augmentation and with the same noise every time, batch by batch. */
  validation(): AsyncIterable<Batch>;
  /** At most `most` held-out images, evenly spread over the order of the data, as in `validation`. */
  examples(most: number): Promise<Batch>;
}

type MakeBatch = (
  indices: Uint32Array,
  stream: (i: number) => number,
  augmentation: Augmentation,
) => Promise<Batch>;

/**
 * Makes batches of images, each with noise from the stream of its place in the batch.
 * @throws RangeError if the data has not the labels that the model needs.
 */
function batchMaker(
  data: TrainingData,
  { bits, classes }: Pick<GlowConfig, 'bits' | 'classes'>,
  { seed, labels: attribute }: Pick<TrainSettings, 'seed' | 'labels'>,
): MakeBatch {
  const labels = classes > 0 ? labelsOf(data, attribute, classes) : undefined;
  const xOf = async (
    indices: Uint32Array,
    stream: (i: number) => number,
    augmentation: Augmentation,
  ): Promise<Float32Array> => {
    if (isNumbers(data)) return data.batch(indices);
    const pixels = await data.batch(indices);
    const x = new Float32Array(pixels.length);
    const size = pixels.length / indices.length;
    for (let i = 0; i < indices.length; i++) {
      const random = createRandom(seed, stream(i));
      const sources = drawSources(augmentation, data, random);
      const from = i * size;
      for (let k = 0; k < size; k++) {
        const pixel = pixels[from + (sources ? sources[k] : k)];
        x[from + k] = binToFloat32(pixelToBin(pixel, bits), bits, random.uniform());
      }
    }
    return x;
  };
  return async (indices, stream, augmentation) => {
    const x = await xOf(indices, stream, augmentation);
    const classOf = (index: number): number => labels?.indices[index] ?? 0;
    return { count: indices.length, x, ...(labels && { classes: Uint16Array.from(indices, classOf) }) };
  };
}

/** Images without augmentation, with noise by the image and the number of the draw. Draw 0 is that of validation. */
export type ScoredBatch = (indices: Uint32Array, draw?: number) => Promise<Batch>;

/** @throws RangeError if the data has not the labels that the model needs. */
export function scoredBatches(
  data: TrainingData,
  config: Pick<GlowConfig, 'bits' | 'classes'>,
  settings: Pick<TrainSettings, 'seed' | 'labels'>,
): ScoredBatch {
  const batchOf = batchMaker(data, config, settings);
  return (indices, draw = 0) =>
    batchOf(indices, (i) => noiseStreams.validation + draw * 2 ** 32 + indices[i], unchanged);
}

/** Draws of noise that streams are numbered for. */
export const mostDraws = 2 ** 16;

/**
 * @throws RangeError if the data has too few images, or not the labels that the model needs, or if numbers shall be
 * augmented.
 */
export function createBatches(
  data: TrainingData,
  config: Pick<GlowConfig, 'bits' | 'classes'>,
  settings: TrainSettings,
): Batches {
  const { seed, batch, valFraction, flip, shift } = settings;
  const batchOf = batchMaker(data, config, settings);
  const heldOut = scoredBatches(data, config, settings);
  if (isNumbers(data)) refuseAugmentation({ flip, shift });
  const { train, validation } = splitBySeed(data.count, valFraction, seed);
  const order = (epoch: number) => epochBatches(train, batch, seed, epoch);
  return {
    trainingImages: train.length,
    stepsPerEpoch: order(0).length,
    order,
    training: (indices, before) =>
      batchOf(indices, (i) => noiseStreams.training + before + i, { flip, shift }),
    validation: () => readAhead(inBatches(validation, batch), (indices) => heldOut(indices)),
    examples: (most) => heldOut(Uint32Array.from(spread([...validation], most))),
  };
}

/** @throws RangeError if the data does not have the labels that the model needs. */
function labelsOf(data: TrainingData, attribute: string | null, classes: number): Labels {
  const labels = findLabels(data, attribute);
  if (labels.values.length !== classes) {
    throw new AdvisedError(
      `data: ${attribute} of ${data.name} has ${labels.values.length} values, but the model has ${classes} classes`,
      'classes',
      'pass labels with the classes of the model',
    );
  }
  return labels;
}

/** @throws RangeError if an augmentation is on. Features of a mirrored picture are not the mirrored features. */
function refuseAugmentation({ flip, shift }: Augmentation): void {
  if (!flip && shift === 0) return;
  throw new RangeError(
    `settings: ${flip ? 'flip' : 'shift'} changes pictures, but the data has numbers; ` +
      'leave it out, and augment the pictures before their features are computed',
  );
}
