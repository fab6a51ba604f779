/** State of Adam for a flat vector of parameters. */
export interface Adam {
  readonly m: Float32Array;
  readonly v: Float32Array;
  /** Steps taken so far. */
  steps: number;
}

const BETA1 = 0.9;
const BETA2 = 0.999;
/** That of tf.train.adam in float32. */
const EPSILON = 1e-7;

export function createAdam(size: number): Adam {
  return { m: new Float32Array(size), v: new Float32Array(size), steps: 0 };
}

/**
 * One step: m and v are moving averages of gradient·factor and of its square; parameters move by
 * −rate·m̂/(√v̂ + 1e-7), m̂ and v̂ freed of their start at zero. One pass over the vector in place.
 * Source: Kingma & Ba 2015, algorithm 1; as tf.train.adam.
 */
export function adamStep(
  adam: Adam,
  parameters: Float32Array,
  gradient: Float32Array,
  rate: number,
  factor: number,
): void {
  adam.steps++;
  const { m, v, steps } = adam;
  const correction1 = 1 / (1 - BETA1 ** steps);
  const correction2 = 1 / (1 - BETA2 ** steps);
  for (let i = 0; i < parameters.length; i++) {
    const g = gradient[i] * factor;
    const mi = BETA1 * m[i] + (1 - BETA1) * g;
    const vi = BETA2 * v[i] + (1 - BETA2) * g * g;
    m[i] = mi;
    v[i] = vi;
    parameters[i] -= (rate * mi * correction1) / (Math.sqrt(vi * correction2) + EPSILON);
  }
}

/** Euclidean norm, summed in float64. */
export function norm(vector: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += vector[i] * vector[i];
  return Math.sqrt(sum);
}
