import type { NamedTensors } from '../sessions/feeds.js';
import type { FloatTensor } from '../sessions/tensor.js';
import { partsOf, type Signature } from './signature.js';

/**
 * Compares the outputs of a run with a signature, given the batch, height and width of its inputs.
 * @returns the outputs.
 * @throws Error if an output is missing, is not expected or has another shape.
 */
export type CheckOutputs = (
  given: NamedTensors,
  found: Record<string, FloatTensor>,
) => Record<string, FloatTensor>;

/**
 * The check of a signature. Extents are taken apart here, once, and the check itself makes no lists: a run of a small
 * image takes a millisecond.
 */
export function createOutputCheck({ inputs, outputs }: Signature): CheckOutputs {
  const symbols: Record<string, readonly [input: string, axis: number, divisor: number]> = {};
  for (const [name, extents] of Object.entries(inputs)) {
    for (const [axis, extent] of extents.entries()) {
      const [symbol, divisor] = partsOf(extent);
      symbols[symbol] = [name, axis, divisor];
    }
  }
  const names = Object.keys(outputs);
  const sizesOf = Object.entries(outputs).map(([, extents]) => extents.map(sizeFrom(symbols)));
  const refuse = (given: NamedTensors, name: string, shape: FloatTensor['shape'] | undefined) => {
    const expected = sizesOf[names.indexOf(name)]?.map((size) => size(given));
    return new Error(`the graph gives ${name} [${shape}], expected [${expected}]; export the model again`);
  };
  return (given, found) => {
    for (let i = 0; i < names.length; i++) {
      const [name, sizes] = [names[i] as string, sizesOf[i] as Size[]];
      const shape = found[name]?.shape;
      let isRight = shape?.length === sizes.length;
      for (let axis = 0; axis < sizes.length; axis++) isRight &&= sizes[axis]?.(given) === shape?.[axis];
      if (!isRight) throw refuse(given, name, shape);
    }
    for (const name in found) {
      if (!Object.hasOwn(outputs, name)) throw refuse(given, name, found[name]?.shape);
    }
    return found;
  };
}

type Size = (given: NamedTensors) => number;

/** The size of an extent of an output, from the inputs of a run. */
function sizeFrom(symbols: Readonly<Record<string, readonly [string, number, number]>>) {
  return (extent: string | number): Size => {
    if (typeof extent === 'number') return () => extent;
    const [symbol, divisor] = partsOf(extent);
    const [input = '', axis = 0, times = Number.NaN] = symbols[symbol] ?? [];
    return (given) => (times * (given[input]?.shape[axis] ?? Number.NaN)) / divisor;
  };
}
