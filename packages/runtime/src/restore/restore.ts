import type { Method } from './methods.js';
import { type Loss, type Plan, plans, samplePlans } from './plans.js';
import { climbAlongLatents, climbInImage, fitLatents, type LatentSearch, type Problem } from './search.js';

export interface RestoreRequest {
  readonly loss: Loss;
  readonly method: Method;
  /** For samples instead of the most likely image. */
  readonly draw?: LatentSearch['draw'];
  /** Steps of all searches together; default those of the plan. */
  readonly steps?: number | undefined;
}

/** The searches of a request, with their steps. */
export function planOf({ loss, method, draw, steps }: RestoreRequest): Plan {
  const plan = draw ? samplePlans[method] : plans[method][loss];
  if (steps === undefined) return plan;
  const all = plan.reduce((sum, search) => sum + search.steps, 0);
  return plan.map((search) => ({ ...search, steps: Math.max(1, Math.round((search.steps * steps) / all)) }));
}

/** Restores a batch of images, each from its start and with its measurement. */
export async function restore(
  problem: Problem,
  start: Float32Array,
  request: RestoreRequest,
): Promise<Float32Array> {
  let x = start;
  for (const search of planOf(request)) {
    switch (search.kind) {
      case 'latents': {
        const { draw } = request;
        x = await fitLatents(problem, x, { ...search, ...(draw && { draw }) });
        break;
      }
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
