import type { GlowConfig } from '@glow-onnx/flow/manifest';
import type { FloatTensor } from './create-session.js';

/** A class for all images, or one per image. */
export type Label = number | readonly number[];

/**
 * The class of each of `count` images; undefined for a model without classes.
 * @throws RangeError if a label is missing, superfluous or out of range.
 */
export function labelsFor(
  config: Pick<GlowConfig, 'classes'>,
  label: Label | undefined,
  count: number,
  where: string,
): readonly number[] | undefined {
  const { classes } = config;
  if (classes === 0) {
    if (label === undefined) return undefined;
    throw new RangeError(`${where}: label: this model has no classes; leave it out`);
  }
  const labels = typeof label === 'object' ? label : Array.from({ length: count }, () => label);
  if (labels.length !== count) {
    throw new RangeError(`${where}: label: expected one label or ${count}, got ${labels.length}`);
  }
  return labels.map((value) => {
    if (Number.isInteger(value) && (value as number) >= 0 && (value as number) < classes)
      return value as number;
    throw new RangeError(
      `${where}: label: this model needs an integer from 0 to ${classes - 1}, got ${value}`,
    );
  });
}

/** One-hot images, [batch, classes, 1, 1]. */
export function oneHot(labels: readonly number[], classes: number): FloatTensor {
  const data = new Float32Array(labels.length * classes);
  for (const [i, label] of labels.entries()) data[i * classes + label] = 1;
  return { shape: [labels.length, classes, 1, 1], data };
}
