import type { Checkpoint, GlowConfig } from '@glow-onnx/flow';
import { AdvisedError } from '@glow-onnx/runtime/internal-node';
import { findLabels } from '../data/labels.js';
import type { TrainingData } from '../data/number-dataset.js';

/**
 * The config of a new run that starts from a model without classes: with labels, it gets one class for each of their
 * values. The table of classes is zero at first, so the model draws the same for all, and its density does not change.
 * @throws RangeError if the data has no such labels, or if the prior of the model is N(0, I), which no class can move.
 */
export function withClasses(config: GlowConfig, data: TrainingData, attribute: string | null): GlowConfig {
  if (attribute === null || config.classes > 0) return config;
  const { values } = findLabels(data, attribute);
  if (config.prior !== 'standard') return { ...config, classes: values.length };
  throw new RangeError(
    `labels: a model with the prior "standard" cannot get classes, because its prior has nothing that a class could ` +
      'move; leave labels out, or train a new model',
  );
}

/** @throws RangeError if the data has other class names than the checkpoint. */
export function checkSameClasses(
  data: TrainingData,
  attribute: string | null,
  { training }: Checkpoint,
): void {
  const before = training?.classNames;
  const now = attribute === null ? undefined : data.labels?.[attribute]?.values;
  if (!Array.isArray(before) || now === undefined) return;
  if (before.length === now.length && before.every((word, i) => word === now[i])) return;
  throw new AdvisedError(
    `data: ${attribute} of ${data.name} has the classes ${now.join(', ')}, but the checkpoint was trained on ` +
      before.join(', '),
    'classes',
    'pass labels with the classes of the model',
  );
}
