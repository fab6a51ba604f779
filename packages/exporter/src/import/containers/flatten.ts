import { type SafetensorsTensor, show } from '@glow-onnx/flow/internal';
import type { Tensors } from '../foreign-weights.js';
import { type Budget, tensorBytes } from './budget.js';
import { InertObject } from './pickle-values.js';
import { PickledTensor } from './pickled-tensor.js';

/** As in safetensors. */
const maxTensors = 2 ** 18;
/** Entries of dicts and lists that are looked at; those of a value that others share count each time. */
const maxVisits = 2 ** 22;
const maxDepth = 64;
const maxName = 512;

/** A module of PyTorch keeps its tensors and its parts under these attributes, which names leave out. */
const transparent: ReadonlySet<unknown> = new Set(['_parameters', '_buffers', '_modules']);

/**
 * The tensors in a value of a pickle, by the path that leads to each: keys and indices with dots between them.
 * @throws RangeError if the value contains itself, or is too large or deep, or two tensors have one name.
 */
export function flatten(value: unknown, budget: Budget): Tensors {
  const tensors: Record<string, SafetensorsTensor> = Object.create(null);
  const open = new Set<unknown>();
  let visits = 0;
  let count = 0;

  const add = (name: string, tensor: PickledTensor): void => {
    if (name.length > maxName) throw new RangeError(`PyTorch: a name has more than ${maxName} characters`);
    if (++count > maxTensors) throw new RangeError(`PyTorch: expected at most ${maxTensors} tensors`);
    if (name in tensors) throw new RangeError(`PyTorch: two tensors are called ${show(name)}`);
    budget.take(tensorBytes, `PyTorch: tensor ${count}`);
    const read = tensor.read(`PyTorch: tensor ${show(name)}`, budget);
    if (read) tensors[name] = read;
  };
  const visit = (path: string, item: unknown): void => {
    if (item instanceof PickledTensor) add(path, item);
    if (!(Array.isArray(item) || item instanceof Map || item instanceof InertObject)) return;
    if (open.has(item) || open.size === maxDepth) {
      throw new RangeError(
        `PyTorch: ${show(path)} contains itself, or more than ${maxDepth} values in each other`,
      );
    }
    open.add(item);
    for (const [key, part] of partsOf(item)) {
      if (++visits > maxVisits) throw new RangeError(`PyTorch: expected at most ${maxVisits} values`);
      if (typeof key !== 'string' && typeof key !== 'number') continue;
      visit(key === '' ? path : path === '' ? String(key) : `${path}.${key}`, part);
    }
    open.delete(item);
  };
  visit('', value);
  return tensors;
}

/** The keys and values inside a value; an empty key adds nothing to the path. */
function* partsOf(
  value: readonly unknown[] | ReadonlyMap<unknown, unknown> | InertObject,
): Generator<readonly [key: unknown, part: unknown]> {
  if (!(value instanceof InertObject)) {
    yield* value.entries();
    return;
  }
  yield* value.items.entries();
  yield* value.entries;
  if (!(value.state instanceof Map)) yield ['', value.state];
  else for (const [key, part] of value.state) yield [transparent.has(key) ? '' : key, part];
}
