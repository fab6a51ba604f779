import { type Float64Tensor, tensor } from '@glow-onnx/flow';
import { parseSafetensors, type SafetensorsTensor, safetensorsNumbers } from '@glow-onnx/flow/internal';

/** The tensors of another program's model, by that program's names. */
export interface ForeignWeights {
  /** The step numbers of each level: [[0, 1], [0, 1]] for two levels of two steps. */
  readonly steps: readonly (readonly number[])[];
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
  /** @throws RangeError naming a tensor that was not read: the import would lose a part of the model. */
  finish(): void;
}

/** How to find a model among a file's names. */
export interface NamePattern {
  /** The layout's name in errors. */
  readonly layout: string;
  /** One of the layout's tensor names, such as `flows.<level>.<step>.actnorm.log_s`. */
  readonly example: string;
  /** Matches a name inside a step. Groups: the prefix before the layout's own names, the level, the step. */
  readonly step: RegExp;
  /** Matches buffers that can be computed. */
  readonly ignored: RegExp;
}

/**
 * Opens a safetensors file of another program. The common prefix of the model's names (`module.`, `param.`) is removed.
 * Tensors without that prefix do not belong to the model and are ignored.
 * @throws SyntaxError, RangeError as `parseSafetensors`; RangeError if no model, or more than one, is found.
 */
export function openForeignWeights(bytes: Uint8Array, pattern: NamePattern): ForeignWeights {
  const { tensors } = parseSafetensors(bytes);
  const { prefix, steps } = locateModel(Object.keys(tensors), pattern);
  const unread = new Set(
    Object.keys(tensors).filter((name) => name.startsWith(prefix) && !pattern.ignored.test(name)),
  );
  const where = (name: string): string => `import (${pattern.layout}): tensor "${prefix}${name}"`;
  const find = (name: string): SafetensorsTensor => {
    const found = tensors[prefix + name];
    if (!found) throw new RangeError(`${where(name)} is missing; save the whole state_dict`);
    return found;
  };
  return {
    steps,
    where,
    has: (name) => prefix + name in tensors,
    shapeOf: (name) => find(name).shape,
    take(name, shape) {
      const found = find(name);
      unread.delete(prefix + name);
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
      for (const name of unread) {
        throw new RangeError(
          `import (${pattern.layout}): tensor "${name}" is not part of this layout; ` +
            'the import would lose a part of the model',
        );
      }
    },
  };
}

function locateModel(names: readonly string[], { layout, example, step }: NamePattern) {
  const prefixes = new Set<string>();
  const found: Set<number>[] = [];
  for (const name of names) {
    const match = step.exec(name);
    if (!match) continue;
    prefixes.add(match[1]);
    const level = Number(match[2]);
    found[level] ??= new Set();
    found[level].add(Number(match[3]));
  }
  if (prefixes.size === 0) {
    throw new RangeError(
      `import (${layout}): expected tensors named like ${example}, got ${names.slice(0, 3).join(', ') || 'none'}; ` +
        'pass another --from if the weights have another layout',
    );
  }
  if (prefixes.size > 1) {
    const list = [...prefixes].map((text) => JSON.stringify(text)).join(', ');
    throw new RangeError(
      `import (${layout}): expected one model, got one under each of ${list}; save one model per file`,
    );
  }
  const [prefix] = prefixes;
  const steps = Array.from(found, (numbers) => [...(numbers ?? [])].sort((a, b) => a - b));
  return { prefix, steps };
}

const withoutOnes = (shape: readonly number[]): string => shape.filter((extent) => extent !== 1).join();
