import type { Differentiator } from './differentiator.js';
import type { Learner } from './learner.js';
import { createMuon } from './muon.js';
import { type Learned, norm, type OptimizerName, updates } from './optimizer.js';
import type { ParameterLayout } from './parameters.js';

/** Keeps parameters, their average and moments in JavaScript, where every differentiator reads them. */
export function createHostLearner(
  layout: ParameterLayout,
  differentiator: Differentiator,
  initial: Learned,
  optimizer: OptimizerName,
): Learner {
  const takeStep =
    optimizer === 'muon' ? createMuon(layout, differentiator.orthogonalise) : updates[optimizer];
  let learned = initial;
  return {
    description: differentiator.description,
    initialise: differentiator.initialise,
    async gradient(batch) {
      const { gradient, ...scores } = await differentiator.gradient(learned.parameters, batch);
      return {
        ...scores,
        norm: norm(gradient),
        update: async (scales) => takeStep(learned, gradient, scales),
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
