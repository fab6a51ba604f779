import type { NamedTensors } from '../sessions/feeds.js';
import type { FloatTensor } from '../sessions/tensor.js';
import { partsOf, type Signature, sizeOf } from './signature.js';

/**
 * Compares the outputs of a run with the signature, given the batch, height and width of its inputs.
 * @returns the outputs.
 * @throws Error if an output is missing, is not expected or has another shape.
 */
export function checkOutputs(
  { inputs, outputs }: Signature,
  given: NamedTensors,
  found: Record<string, FloatTensor>,
): Record<string, FloatTensor> {
  const sizes = new Map<string, number>();
  for (const [name, extents] of Object.entries(inputs)) {
    for (const [i, extent] of extents.entries()) {
      const [symbol, divisor] = partsOf(extent);
      sizes.set(symbol, divisor * (given[name]?.shape[i] ?? Number.NaN));
    }
  }
  for (const name of new Set([...Object.keys(outputs), ...Object.keys(found)])) {
    const expected = String(outputs[name]?.map((extent) => sizeOf(extent, sizes)));
    const got = String(found[name]?.shape);
    if (got !== expected) {
      throw new Error(`the graph gives ${name} [${got}], expected [${expected}]; export the model again`);
    }
  }
  return found;
}
