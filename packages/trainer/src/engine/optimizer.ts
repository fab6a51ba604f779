import type { OptimizerName } from '../settings.js';

/** State of an optimiser for a flat vector of parameters. */
export interface Moments {
  /** Moving average of gradients. */
  readonly m: Float32Array;
  /** Of their squares (Adam), or their largest size, slowly forgotten (Adamax). */
  readonly v: Float32Array;
  /** Steps taken so far. */
  steps: number;
}

const BETA1 = 0.9;
const BETA2 = 0.999;
/** That of tf.train in float32. */
const EPSILON = 1e-7;

export function createMoments(size: number): Moments {
  return { m: new Float32Array(size), v: new Float32Array(size), steps: 0 };
}

/** One step for gradient·factor, in one pass over the vectors in place. */
type Update = (
  moments: Moments,
  parameters: Float32Array,
  gradient: Float32Array,
  rate: number,
  factor: number,
) => void;

/** Source: Kingma & Ba 2015; as tf.train.adam and tf.train.adamax. */
export const updates: Readonly<Record<OptimizerName, Update>> = {
  /** −rate·m̂/(√v̂ + 1e-7), m̂ and v̂ freed of their start at zero. Algorithm 1. */
  adam(moments, parameters, gradient, rate, factor) {
    moments.steps++;
    const { m, v, steps } = moments;
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
  },
  /** −rate·m̂/(v + 1e-7), v = max(0.999·v, |g|). Algorithm 2. */
  adamax(moments, parameters, gradient, rate, factor) {
    moments.steps++;
    const { m, v, steps } = moments;
    const correction = 1 / (1 - BETA1 ** steps);
    for (let i = 0; i < parameters.length; i++) {
      const g = gradient[i] * factor;
      const mi = BETA1 * m[i] + (1 - BETA1) * g;
      const vi = Math.max(BETA2 * v[i], Math.abs(g));
      m[i] = mi;
      v[i] = vi;
      parameters[i] -= (rate * mi * correction) / (vi + EPSILON);
    }
  },
};

/**
 * Moves `average` towards `parameters`, after step number `steps`: average = d·average + (1 − d)·parameters with
 * d = min(decay, (1 + steps)/(10 + steps)), so that a short run averages over its last tenth and not over its
 * beginning. Source: TensorFlow, tf.train.ExponentialMovingAverage with num_updates.
 */
export function moveAverage(
  average: Float32Array,
  parameters: Float32Array,
  decay: number,
  steps: number,
): void {
  const share = 1 - Math.min(decay, (1 + steps) / (10 + steps));
  for (let i = 0; i < average.length; i++) average[i] += share * (parameters[i] - average[i]);
}

/** Euclidean norm, summed in float64. */
export function norm(vector: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += vector[i] * vector[i];
  return Math.sqrt(sum);
}
