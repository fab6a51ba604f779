import { plans, samplePlans, secondPlans } from '../../../../packages/runtime/src/restore/plans.js';
import { inSteps, stepsOf } from '../../../../packages/runtime/src/restore/restore.js';

const all = [plans, secondPlans].flatMap((of) => Object.values(of).flatMap((own) => Object.values(own)));
const every = [...new Set([...all, ...Object.values(samplePlans)])];

test('a plan takes exactly the steps that it is given, and begins with its own first search', () => {
  for (const plan of every) {
    for (let steps = 1; steps <= 500; steps++) {
      const found = inSteps(plan, steps);
      expect(stepsOf(found)).toBe(steps);
      expect(found[0]?.kind).toBe(plan[0]?.kind);
      expect(found.every((search) => search.steps > 0)).toBe(true);
    }
  }
});

test('each search keeps its share of the steps, to one step', () => {
  for (const plan of every) {
    expect(inSteps(plan, undefined)).toBe(plan);
    for (const times of [1, 2, 5]) {
      const longer = plan.map((search) => ({ ...search, steps: times * search.steps }));
      expect(inSteps(plan, times * stepsOf(plan))).toEqual(longer);
    }
    const found = inSteps(plan, 37);
    for (const [i, { steps }] of plan.entries()) {
      const share = (37 * steps) / stepsOf(plan);
      expect(Math.abs((found[i]?.steps ?? 0) - share)).toBeLessThanOrEqual(1);
    }
  }
});
