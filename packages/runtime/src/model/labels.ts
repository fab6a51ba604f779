import { type Manifest, printable } from '@glow-onnx/flow/manifest';

/** A class by its number, or by its name in `manifest.training.classNames`. */
export type ClassLabel = number | string;
/** One class for all images, or one for each image. */
export type Label = ClassLabel | readonly ClassLabel[];

/** The names of a model's classes; empty if the manifest has none. */
export function classNames({ training }: Pick<Manifest, 'training'>): readonly string[] {
  const names = training?.classNames;
  return Array.isArray(names) && names.every((name) => typeof name === 'string') ? names : [];
}

/**
 * The class of each of `count` images; undefined for a model without classes.
 * @throws RangeError if a label is missing or unknown, or the model has no classes.
 */
export function labelsFor(
  { config: { classes }, training }: Pick<Manifest, 'config' | 'training'>,
  label: Label | undefined,
  count: number,
  where: string,
): readonly number[] | undefined {
  if (classes === 0) {
    if (label === undefined) return undefined;
    throw new RangeError(`${where}: label: this model has no classes; leave the label out`);
  }
  const labels = Array.isArray(label) ? label : Array.from({ length: count }, () => label);
  if (labels.length !== count) {
    throw new RangeError(`${where}: label: expected one label or ${count} labels, got ${labels.length}`);
  }
  const names = classNames({ training });
  return labels.map((value: ClassLabel | undefined) => {
    const index = typeof value === 'string' ? names.indexOf(value) : (value ?? -1);
    if (Number.isInteger(index) && index >= 0 && index < classes) return index;
    const known =
      names.length > 0 ? ` or one of ${names.map((name) => printable(JSON.stringify(name))).join(', ')}` : '';
    throw new RangeError(
      `${where}: label: this model needs an integer from 0 to ${classes - 1}${known}, got ${JSON.stringify(value)}`,
    );
  });
}

/** Labels as rows of `classes` numbers, row-major: 1 at the label, 0 elsewhere. */
export function oneHot(labels: ArrayLike<number>, classes: number): Float32Array {
  const data = new Float32Array(labels.length * classes);
  for (let i = 0; i < labels.length; i++) data[i * classes + (labels[i] as number)] = 1;
  return data;
}
