import { type Float64Tensor, tensor } from '@glow-onnx/flow';
import { type SafetensorsTensor, safetensorsNumbers } from '@glow-onnx/flow/internal';

/** The tensors of a file, by their names in it. Containers of every kind give them in this form. */
export type Tensors = Readonly<Record<string, SafetensorsTensor>>;

/** The tensors of another program's model, by that program's names. */
export interface ForeignWeights {
  /** All names of the model, without its prefix. */
  readonly names: readonly string[];
  has(name: string): boolean;
  /** The beginning of an error about a tensor. */
  where(name: string): string;
  /** @throws RangeError if the tensor is missing. */
  shapeOf(name: string): readonly number[];
  /**
   * Reads a tensor in float64 and marks it as read. Extents of 1 are ignored: [1, 12, 1, 1] matches [12].
   * @throws RangeError if it is missing, has another shape or a number that is not finite.
   */
  take(name: string, shape: readonly number[]): Float64Tensor;
}

/** The weights, and what became of them. */
export interface OpenedWeights extends ForeignWeights {
  /** Names that were taken. */
  readonly taken: ReadonlySet<string>;
  /**
   * Ends the reading.
   * @returns names of tensors that do not belong to the model, as they are in the file.
   * @throws RangeError naming a tensor of the model that was not read: the import would lose a part of it.
   */
  finish(): string[];
}

/**
 * The tensors under one prefix (`module.`, `param.`) as the weights of a layout. Tensors without the prefix do not belong
 * to the model.
 */
export function openForeignWeights(
  tensors: Tensors,
  { name: layout, ignored }: { readonly name: string; readonly ignored?: RegExp },
  prefix: string,
): OpenedWeights {
  const names = Object.keys(tensors)
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length));
  const taken = new Set<string>();
  const where = (name: string): string => `import (${layout}): tensor "${prefix}${name}"`;
  const find = (name: string): SafetensorsTensor => {
    const found = tensors[prefix + name];
    if (!found) throw new RangeError(`${where(name)} is missing`);
    return found;
  };
  return {
    names,
    taken,
    where,
    has: (name) => prefix + name in tensors,
    shapeOf: (name) => find(name).shape,
    take(name, shape) {
      const found = find(name);
      taken.add(name);
      if (withoutOnes(found.shape) !== withoutOnes(shape)) {
        throw new RangeError(
          `${where(name)}: expected shape [${shape.join(', ')}], got [${found.shape.join(', ')}]`,
        );
      }
      const data = safetensorsNumbers(found);
      const bad = data.findIndex((v) => !Number.isFinite(v));
      if (bad >= 0) {
        throw new RangeError(`${where(name)}: expected finite numbers, got ${data[bad]} at element ${bad}`);
      }
      return tensor(shape, data);
    },
    finish() {
      const modules = new Set([...taken].map(moduleOf));
      const unread = names.filter((name) => !taken.has(name) && !ignored?.test(name));
      const lost = unread.find((name) => modules.has(moduleOf(name)));
      if (lost !== undefined) {
        throw new RangeError(
          `import (${layout}): tensor "${prefix}${lost}" is not part of this layout; ` +
            'the import would lose a part of the model',
        );
      }
      return Object.keys(tensors).filter(
        (name) => !name.startsWith(prefix) || unread.includes(name.slice(prefix.length)),
      );
    },
  };
}

/** The part of a program that a tensor is in: `blocks` of blocks.0.flows.1.actnorm.loc, `model` of model/0/0/w. */
const moduleOf = (name: string): string => /^[^./]*/.exec(name)?.[0] ?? name;

const withoutOnes = (shape: readonly number[]): string => shape.filter((extent) => extent !== 1).join();
