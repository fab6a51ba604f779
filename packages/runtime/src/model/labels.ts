import { describe, type Manifest, printable } from '@glow-onnx/flow/manifest';

/**
 * A class. A number is always its index, and a text always its name in `manifest.training.classNames`: if the classes
 * are named "1", "2" …, 1 is the class "2". In a model without names, the name of a class is its index as text.
 */
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
    const each = count === 1 ? '' : ` or ${count} labels`;
    throw new RangeError(`${where}: label: expected one label${each}, got ${labels.length}`);
  }
  const given = classNames({ training });
  const names = Array.from({ length: classes }, (_, index) => given[index] ?? String(index));
  return labels.map((value: ClassLabel | undefined) => {
    const index = typeof value === 'string' ? names.indexOf(value) : (value ?? -1);
    if (Number.isInteger(index) && index >= 0 && index < classes) return index;
    const range = `an integer from 0 to ${classes - 1}`;
    const expected =
      given.length > 0
        ? `one of ${names.map((name) => printable(JSON.stringify(name))).join(', ')}, or the index of a class, ${range}`
        : range;
    const got = value === undefined ? 'pass one' : `got ${describe(value)}`;
    throw new RangeError(`${where}: label: this model needs ${expected}; ${got}`);
  });
}

/** Labels as rows of `classes` numbers, row-major: 1 at the label, 0 elsewhere. */
export function oneHot(labels: ArrayLike<number>, classes: number): Float32Array {
  const data = new Float32Array(labels.length * classes);
  for (let i = 0; i < labels.length; i++) data[i * classes + (labels[i] as number)] = 1;
  return data;
}
