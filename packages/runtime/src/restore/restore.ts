import type { Plan } from './plans.js';
import { climbAlongLatents, climbInImage, fitLatents, type LatentSearch, type Problem } from './search.js';

/**
 * A plan of exactly as many steps, at least one, in all; of its own number if `steps` is undefined. Each search keeps its
 * share. With very few steps, later searches are left out.
 */
export function inSteps(plan: Plan, steps: number | undefined): Plan {
  if (steps === undefined) return plan;
  const all = stepsOf(plan);
  let through = 0;
  let end = 0;
  return plan.flatMap((search) => {
    through += search.steps;
    const start = end;
    end = Math.max(1, Math.round((through * steps) / all));
    return end > start ? [{ ...search, steps: end - start }] : [];
  });
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
