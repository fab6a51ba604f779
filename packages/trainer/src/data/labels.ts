import { AdvisedError, compareNames } from '@glow-onnx/runtime/internal-node';

/** One attribute of every image: image i has `values[indices[i]]`. */
export interface Labels {
  readonly values: readonly string[];
  readonly indices: Uint16Array;
}

/** Labels that were found and cannot be used, and why. */
export interface LabelFault {
  /** The attribute. Undefined if the whole file of labels cannot be used. */
  readonly attribute?: string;
  /** Names the file and, where it applies, line and column. */
  readonly reason: string;
}

/** The labels of images, by the name of the attribute, and the labels that cannot be used. */
export interface FoundLabels {
  readonly labels: Readonly<Record<string, Labels>>;
  readonly labelFaults: readonly LabelFault[];
  /** Path of the file of labels, if it was used. */
  readonly labelFile?: string;
}

/** An index has 16 bits. */
const maxValues = 2 ** 16;

/**
 * The labels of an attribute from a word for each image. The values are in alphabetical and numerical order.
 * @throws RangeError if there are more than 65,536 values.
 */
export function labelsFrom(attribute: string, words: readonly string[]): Labels {
  const values = [...new Set(words)].sort(compareNames);
  if (values.length > maxValues) {
    throw new RangeError(
      `the attribute "${attribute}" has ${values.length} values, expected at most ${maxValues}`,
    );
  }
  const places = new Map(values.map((value, place) => [value, place]));
  return { values, indices: Uint16Array.from(words, (word) => places.get(word) as number) };
}

/** @throws RangeError that says why if the data has no such attribute, or if it cannot be used. */
export function findLabels(
  { name, labels = {}, labelFaults = [] }: { readonly name: string } & Partial<FoundLabels>,
  attribute: string | null,
): Labels {
  const fault = labelFaults.find((each) => each.attribute === attribute);
  if (fault) throw new RangeError(`labels: ${name}: ${fault.reason}`);
  if (attribute !== null && Object.hasOwn(labels, attribute)) return labels[attribute];
  const found = Object.keys(labels).join(', ') || 'none';
  if (attribute === null) {
    const [one = 'NAME'] = Object.keys(labels);
    throw new AdvisedError(
      `labels: the model has classes, but nothing says which labels of ${name} they are (found: ${found})`,
      'labels',
      `pass one of these as labels, such as ${one}, or data with labels`,
    );
  }
  const whole = labelFaults.find((each) => each.attribute === undefined);
  const fact = `labels: ${name} has no attribute ${JSON.stringify(attribute)} (found: ${found})`;
  if (whole) throw new RangeError(`${fact}; ${whole.reason}`);
  throw new AdvisedError(fact, 'labels', 'pass one of these as labels, or data with labels');
}
