import type { Plan } from './plans.js';
import { climbAlongLatents, climbInImage, fitLatents, type LatentSearch, type Problem } from './search.js';

/** A plan of as many steps in all; of its own if `steps` is undefined. */
export function inSteps(plan: Plan, steps: number | undefined): Plan {
  if (steps === undefined) return plan;
  const all = stepsOf(plan);
  return plan.map((search) => ({ ...search, steps: Math.max(1, Math.round((search.steps * steps) / all)) }));
}

/** Steps of all searches together. */
export function stepsOf(plan: Plan): number {
  return plan.reduce((sum, search) => sum + search.steps, 0);
}

/**
 * Restores a batch of images, each from its start and with its measurement.
 * @param draw for samples instead of the most likely images.
 */
export async function restore(
  problem: Problem,
  start: Float32Array,
  plan: Plan,
  draw?: LatentSearch['draw'],
): Promise<Float32Array> {
  let x = start;
  for (const search of plan) {
    switch (search.kind) {
      case 'latents':
        x = await fitLatents(problem, x, { ...search, ...(draw && { draw }) });
        break;
      case 'along-latents':
        x = (await climbAlongLatents(problem, x, search)).x;
        break;
      case 'image':
        x = (await climbInImage(problem, x, search)).x;
        break;
      default:
        search satisfies never;
    }
  }
  return x;
}
