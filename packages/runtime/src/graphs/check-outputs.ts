import type { NamedTensors } from '../sessions/feeds.js';
import type { FloatTensor } from '../sessions/tensor.js';
import type { Signature } from './signature.js';

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
      if (typeof extent === 'number') continue;
      const [symbol, over] = partsOf(extent);
      sizes.set(symbol, over * (given[name]?.shape[i] ?? Number.NaN));
    }
  }
  for (const name of new Set([...Object.keys(outputs), ...Object.keys(found)])) {
    const expected = outputs[name]?.map((extent) => {
      if (typeof extent === 'number') return extent;
      const [symbol, over] = partsOf(extent);
      return (sizes.get(symbol) ?? Number.NaN) / over;
    });
    const { shape } = found[name] ?? {};
    if (expected && shape?.join() === expected.join()) continue;
    const [wanted, got] = [expected, shape].map((extents) => (extents ? `[${extents}]` : 'no such output'));
    throw new Error(
      `the graph gives a wrong ${name}: expected ${wanted}, got ${got}; export the model again`,
    );
  }
  return found;
}

/** The symbol and the divisor of an extent such as `height/2`. */
function partsOf(extent: string): [string, number] {
  const [symbol, over = '1'] = extent.split('/') as [string, string?];
  return [symbol, Number(over)];
}
