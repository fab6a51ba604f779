import type { GlowConfig } from '@glow-onnx/flow';
import { describeValues, type JsonObject, takesPixels } from '@glow-onnx/flow/internal';
import { AdvisedError } from '@glow-onnx/runtime/internal-node';
import { isNumbers, type TrainingData } from '../data/number-dataset.js';
import type { TrainSettings } from '../settings/settings.js';
import { describeData } from './run-checkpoint.js';

const sameData = 'pass the same data, or start a new run from its weights with --init';

/**
 * The name of the data may change, and the names of its images if their order stays.
 * @returns a warning if the run is too old to know its data.
 * @throws RangeError if the data is not the data of the run that is resumed.
 */
export function checkSameData(
  data: TrainingData,
  attribute: string | null,
  before: JsonObject,
): string | undefined {
  const now = describeData(data, attribute === null ? undefined : data.labels?.[attribute]);
  for (const name of ['count', 'channels', 'height', 'width']) {
    if (before[name] === now[name]) continue;
    throw new AdvisedError(
      `data: ${data.name} has ${name} ${String(now[name])}, but the run started with ${name} ${String(before[name])}`,
      'other data',
      sameData,
    );
  }
  if (before.pixels === undefined) {
    return (
      'the run was saved by an earlier version, which kept no fingerprint of its images: whether they are the same ' +
      'ones in the same order is not known (img2 now comes before img10)'
    );
  }
  if (before.pixels !== now.pixels) {
    throw new AdvisedError(
      `data: the images of ${data.name} are not those that the run started with, or their order is another: one was ` +
        'replaced, renamed, or is decoded differently by another version',
      'other data',
      sameData,
    );
  }
  if (now.labels !== undefined && before.labels !== now.labels) {
    throw new AdvisedError(
      `data: the labels ${attribute} of ${data.name} are not those that the run started with`,
      'other data',
      sameData,
    );
  }
  return undefined;
}

/**
 * Settings that decide which images a step sees. With others, a resumed run would train on images that it held out. And
 * the moments of one optimiser mean nothing to another, and the best score by one bound nothing to the other bound.
 */
const orderSettings = ['batch', 'seed', 'valFraction', 'labels', 'optimizer', 'dequantisation'] as const;

/** @throws RangeError if a run would continue with its images in another order, or with another optimiser. */
export function checkSameOrder(settings: TrainSettings, before: Partial<TrainSettings>): void {
  const known = { dequantisation: 'uniform', ...before }; // runs of earlier versions knew no other
  for (const name of orderSettings) {
    if (known[name] === undefined || known[name] === settings[name]) continue;
    throw new RangeError(
      `settings: ${name} must stay ${known[name]}, the value that the run started with, got ${settings[name]}; ` +
        'leave it out, or start a new run from its weights with --init',
    );
  }
}

/** @throws RangeError if the model expects numbers and the data has images, or the other way round. */
export function checkValues(data: TrainingData, config: GlowConfig): void {
  if (isNumbers(data) === takesPixels(config)) {
    const [has, expects] = isNumbers(data)
      ? ['numbers', `pixels (${describeValues(config)})`]
      : ['pictures', 'numbers (0 bits)'];
    throw new RangeError(
      `data: ${data.name} has ${has}, but the model expects ${expects}; pass other data, or another model`,
    );
  }
}

/** @throws RangeError if the model expects images of another size, or numbers in place of images. */
export function checkImages(data: TrainingData, config: GlowConfig): void {
  checkValues(data, config);
  for (const name of ['channels', 'height', 'width'] as const) {
    if (data[name] === config[name]) continue;
    const fact = `data: ${data.name} has ${name} ${data[name]}, but the model expects ${config[name]}`;
    if (isNumbers(data)) throw new RangeError(`${fact}; pass features of its shape`);
    throw new AdvisedError(fact, flagOf[name], `pass --${flagOf[name]} to convert the images`);
  }
}

const flagOf = { channels: 'channels', height: 'size', width: 'size' } as const;
