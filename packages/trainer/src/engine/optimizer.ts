export const optimizers = ['adam', 'adamax', 'muon'] as const;
export type OptimizerName = (typeof optimizers)[number];

/** All that learning changes: flat vectors of one length, in the order of `parameterLayout`. */
export interface Learned {
  readonly parameters: Float32Array;
  /** Moving average of the parameters, if one is kept. */
  readonly average?: Float32Array;
  /** Moving average of the gradients. */
  readonly m: Float32Array;
  /**
   * Adam: moving average of the squared gradients. Adamax: their largest absolute value, with decay. Muon: as Adam, and 0
   * for kernels.
   */
  readonly v: Float32Array;
}

/** The numbers of a step that are the same for every parameter. */
export interface Scales {
  /** m = beta1·m + toM·gradient. */
  readonly beta1: number;
  readonly toM: number;
  /** v = beta2·v + toV·gradient² (Adam), max(beta2·v, toV·|gradient|) (Adamax). */
  readonly beta2: number;
  readonly toV: number;
  /** parameter −= stride·m/(√v + epsilon) (Adam), stride·m/(v + epsilon) (Adamax). */
  readonly stride: number;
  readonly epsilon: number;
  /** average += share·(parameter − average). */
  readonly share: number;
  /** The learning rate, for Muon's kernels. */
  readonly rate: number;
}

export interface StepOptions {
  readonly rate: number;
  readonly beta1: number;
  readonly beta2: number;
  /** Multiplies the gradient: below 1 to clip it. */
  readonly factor: number;
  /** The number of the step, from 1. */
  readonly step: number;
  /** Decay of the average of the parameters. */
  readonly decay: number;
}

/** The value of tf.train in float32. */
const EPSILON = 1e-7;

/**
 * m̂ and v̂ correct the bias of m and v, which start at zero: m/(1 − beta1ᵗ), v/(1 − beta2ᵗ). The decay of the average is
 * min(decay, (1 + t)/(10 + t)), so that a short run averages over its last tenth and not over its beginning.
 * Sources: Kingma & Ba 2015, as tf.train.adam and tf.train.adamax; TensorFlow, tf.train.ExponentialMovingAverage with
 * num_updates.
 */
export const scales: Readonly<Record<OptimizerName, (options: StepOptions) => Scales>> = {
  /** −rate·m̂/(√v̂ + 1e-7). Algorithm 1. */
  adam: ofAdam,
  /** −rate·m̂/(v + 1e-7). Algorithm 2. */
  adamax: ({ rate, beta1, beta2, factor, step, decay }) => ({
    beta1,
    toM: (1 - beta1) * factor,
    beta2,
    toV: factor,
    stride: rate / (1 - beta1 ** step),
    epsilon: EPSILON,
    share: shareOf(step, decay),
    rate,
  }),
  /** Adam's. Kernels need no other: orthogonalising takes any factor away. */
  muon: ofAdam,
};

function ofAdam({ rate, beta1, beta2, factor, step, decay }: StepOptions): Scales {
  const root = Math.sqrt(1 - beta2 ** step);
  return {
    beta1,
    toM: (1 - beta1) * factor,
    beta2,
    toV: (1 - beta2) * factor ** 2,
    stride: (rate * root) / (1 - beta1 ** step),
    epsilon: EPSILON * root,
    share: shareOf(step, decay),
    rate,
  };
}

function shareOf(step: number, decay: number): number {
  return 1 - Math.min(decay, (1 + step) / (10 + step));
}

/** Takes one step and then updates the average, in place. */
export type Update = (learned: Learned, gradient: Float32Array, scales: Scales) => void;

/**
 * Optimisers that treat each parameter alone. The average has a pass of its own: in the first pass it made steps a third
 * slower, even without an average.
 */
export const updates: Readonly<Record<Exclude<OptimizerName, 'muon'>, Update>> = {
  adam({ parameters, average, m, v }, gradient, { beta1, toM, beta2, toV, stride, epsilon, share }) {
    for (let i = 0; i < parameters.length; i++) {
      const g = gradient[i];
      const mi = beta1 * m[i] + toM * g;
      const vi = beta2 * v[i] + toV * g * g;
      m[i] = mi;
      v[i] = vi;
      parameters[i] -= (stride * mi) / (Math.sqrt(vi) + epsilon);
    }
    if (average) follow(average, parameters, share);
  },
  adamax({ parameters, average, m, v }, gradient, { beta1, toM, beta2, toV, stride, epsilon, share }) {
    for (let i = 0; i < parameters.length; i++) {
      const g = gradient[i];
      const mi = beta1 * m[i] + toM * g;
      const vi = Math.max(beta2 * v[i], toV * Math.abs(g));
      m[i] = mi;
      v[i] = vi;
      parameters[i] -= (stride * mi) / (vi + epsilon);
    }
    if (average) follow(average, parameters, share);
  },
};

/** average += share·(parameters − average). */
export function follow(average: Float32Array, parameters: Float32Array, share: number): void {
  for (let i = 0; i < average.length; i++) average[i] += share * (parameters[i] - average[i]);
}

/** Euclidean norm, in float64. Four sums, because the additions of a single sum wait for each other. */
export function norm(vector: Float32Array): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = vector.length - (vector.length % 4);
  for (let i = 0; i < whole; i += 4) {
    a += vector[i] * vector[i];
    b += vector[i + 1] * vector[i + 1];
    c += vector[i + 2] * vector[i + 2];
    d += vector[i + 3] * vector[i + 3];
  }
  for (let i = whole; i < vector.length; i++) a += vector[i] * vector[i];
  return Math.sqrt(a + b + c + d);
}
