import { createRandom, type GlowConfig } from '@glow-onnx/flow';
import { pixelToBin } from '@glow-onnx/flow/internal';
import { type Augmentation, drawSources } from '../data/augment.js';
import { findLabels, type Labels } from '../data/labels.js';
import { isNumbers, type TrainingData } from '../data/number-dataset.js';
import { readAhead } from '../data/read-ahead.js';
import { epochBatches, inBatches, splitBySeed, spread } from '../data/split.js';
import type { Batch } from '../engine/batch.js';
import type { TrainSettings } from '../settings/settings.js';

/** Random streams of the seed that nothing else uses. */
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

/**
 * @throws RangeError if the data has too few images, or not the labels that the model needs, or if numbers shall be
 * augmented.
 */
export function createBatches(
  data: TrainingData,
  { bits, classes }: Pick<GlowConfig, 'bits' | 'classes'>,
  { seed, batch, valFraction, labels: attribute, flip, shift }: TrainSettings,
): Batches {
  const labels = classes > 0 ? labelsOf(data, attribute, classes) : undefined;
  if (isNumbers(data)) refuseAugmentation({ flip, shift });
  const { train, validation } = splitBySeed(data.count, valFraction, seed);
  const order = (epoch: number) => epochBatches(train, batch, seed, epoch);
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
        x[from + k] = (pixelToBin(pixel, bits) + random.uniform()) / 2 ** bits - 0.5;
      }
    }
    return x;
  };
  const batchOf = async (
    indices: Uint32Array,
    stream: (i: number) => number,
    augmentation: Augmentation,
  ): Promise<Batch> => {
    const x = await xOf(indices, stream, augmentation);
    const classOf = (index: number): number => labels?.indices[index] ?? 0;
    return { count: indices.length, x, ...(labels && { classes: Uint16Array.from(indices, classOf) }) };
  };
  const heldOut = (indices: Uint32Array): Promise<Batch> =>
    batchOf(indices, (i) => noiseStreams.validation + indices[i], unchanged);
  return {
    trainingImages: train.length,
    stepsPerEpoch: order(0).length,
    order,
    training: (indices, before) =>
      batchOf(indices, (i) => noiseStreams.training + before + i, { flip, shift }),
    validation: () => readAhead(inBatches(validation, batch), heldOut),
    examples: (most) => heldOut(Uint32Array.from(spread([...validation], most))),
  };
}

/** @throws RangeError if the data does not have the labels that the model needs. */
function labelsOf(data: TrainingData, attribute: string | null, classes: number): Labels {
  const labels = findLabels(data, attribute);
  if (labels.values.length !== classes) {
    throw new RangeError(
      `data: ${attribute} of ${data.name} has ${labels.values.length} values, but the model has ${classes} classes; ` +
        'pass labels with as many values',
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
