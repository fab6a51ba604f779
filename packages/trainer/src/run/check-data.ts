import type { Checkpoint, GlowConfig } from '@glow-onnx/flow';
import type { JsonObject } from '@glow-onnx/flow/internal';
import type { Dataset } from '../data/dataset.js';
import type { TrainSettings } from '../settings/settings.js';
import { describeData } from './run-checkpoint.js';

/** @throws RangeError if the data is not the data of the run that is resumed. */
export function checkSameData(data: Dataset, before: JsonObject): void {
  for (const [name, value] of Object.entries(describeData(data))) {
    if (name === 'name' || before[name] === value) continue;
    throw new RangeError(
      `data: ${data.name} has ${name} ${String(value)}, but the run started with ${name} ` +
        `${String(before[name])}; pass the same data, or start a new run from its weights with --init`,
    );
  }
}

/**
 * Settings that decide which images a step sees. With others, a resumed run would train on images that it held out. And
 * the moments of one optimiser mean nothing to another.
 */
const orderSettings = ['batch', 'seed', 'valFraction', 'labels', 'optimizer'] as const;

/** @throws RangeError if a run would continue with its images in another order, or with another optimiser. */
export function checkSameOrder(settings: TrainSettings, before: Partial<TrainSettings>): void {
  for (const name of orderSettings) {
    if (before[name] === undefined || before[name] === settings[name]) continue;
    throw new RangeError(
      `settings: ${name} must stay ${before[name]}, the value that the run started with, got ${settings[name]}; ` +
        'leave it out, or start a new run from its weights with --init',
    );
  }
}

/** @throws RangeError if the data has other class names than the checkpoint. */
export function checkSameClasses(data: Dataset, attribute: string | null, { training }: Checkpoint): void {
  const before = training?.classNames;
  const now = attribute === null ? undefined : data.labels?.[attribute]?.values;
  if (!Array.isArray(before) || now === undefined) return;
  if (before.length === now.length && before.every((word, i) => word === now[i])) return;
  throw new RangeError(
    `data: ${attribute} of ${data.name} has the classes ${now.join(', ')}, but the checkpoint was trained on ` +
      `${before.join(', ')}; pass labels with the same values`,
  );
}

/** @throws RangeError if the model expects images of another size. */
export function checkImages(data: Dataset, config: GlowConfig): void {
  for (const name of ['channels', 'height', 'width'] as const) {
    if (data[name] === config[name]) continue;
    throw new RangeError(
      `data: ${data.name} has ${name} ${data[name]}, but the model expects ${config[name]}; ` +
        `${name === 'channels' ? 'pass --channels' : 'pass --size'} to convert the images`,
    );
  }
}
