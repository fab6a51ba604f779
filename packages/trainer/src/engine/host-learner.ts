import type { Differentiator } from './differentiator.js';
import type { Learner } from './learner.js';
import { type Learned, norm, type OptimizerName, updates } from './optimizer.js';

/** Keeps parameters, their average and moments in JavaScript, where every differentiator reads them. */
export function createHostLearner(
  differentiator: Differentiator,
  initial: Learned,
  optimizer: OptimizerName,
): Learner {
  let learned = initial;
  return {
    description: differentiator.description,
    initialise: differentiator.initialise,
    async gradient(batch) {
      const { gradient, ...scores } = await differentiator.gradient(learned.parameters, batch);
      return {
        ...scores,
        norm: norm(gradient),
        update: async (scales) => updates[optimizer](learned, gradient, scales),
        dispose() {},
      };
    },
    evaluate: (batch, dequantisation) =>
      differentiator.evaluate(learned.average ?? learned.parameters, batch, dequantisation),
    read: async () => learned,
    async write(next) {
      learned = next;
    },
    dispose: differentiator.dispose,
  };
}
