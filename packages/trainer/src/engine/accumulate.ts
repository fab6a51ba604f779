import { splitBatch } from './batch.js';
import type { Differentiator } from './differentiator.js';
import { addScaled } from './parameters.js';
import { joined, joinScores, type Scores } from './scores.js';

/**
 * Computes every batch in `parts`, one after the other, and averages their gradients, so that memory has to hold
 * only one part. The order of the sums differs, so gradients agree to float32 rounding. Data-dependent
 * initialisation sees the first part only.
 */
export function inParts(whole: Differentiator, parts: number): Differentiator {
  let sum: Float32Array | undefined;
  return {
    description: whole.description,
    initialise: (parameters, batch) => whole.initialise(parameters, splitBatch(batch, parts)[0]),
    async gradient(parameters, batch) {
      sum ??= new Float32Array(parameters.length);
      sum.fill(0);
      const scores: Scores[] = [];
      for (const part of splitBatch(batch, parts)) {
        const { gradient, ...found } = await whole.gradient(parameters, part);
        addScaled(sum, gradient, part.count / batch.count);
        scores.push(found);
      }
      return { ...joinScores(scores), gradient: sum };
    },
    async evaluate(parameters, batch, dequantisation) {
      const scores: Float64Array[] = [];
      for (const part of splitBatch(batch, parts)) {
        scores.push(await whole.evaluate(parameters, part, dequantisation));
      }
      return joined(scores);
    },
    orthogonalise: whole.orthogonalise,
    dispose: whole.dispose,
  };
}
