import type { FloatTensor } from '@glow-onnx/runtime/session';
import { type Learned, type Scales, updates } from './optimizer.js';
import type { ParameterLayout, Place } from './parameters.js';

/**
 * Replaces each matrix of stacks [count, rows, columns] by one near its closest orthogonal matrix: the singular values
 * of a matrix of full rank become 0.7 to 1.2. Five steps of X ← aX + (bA + cA²)X with A = XXᵀ, from X divided by its
 * Frobenius norm. Source: Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/.
 */
export type Orthogonalise = (stacks: readonly FloatTensor[]) => Promise<readonly FloatTensor[]>;

/** The numbers of `Orthogonalise`. */
export const newtonSchulz = { steps: 5, a: 3.4445, b: -4.775, c: 2.0315, epsilon: 1e-7 } as const;

/** Kernels of convolutions whose matrices have the same shape. */
export interface KernelStack {
  /** [count, out, in·height·width]. */
  readonly shape: readonly [number, number, number];
  readonly places: readonly Place[];
  /** Makes the mean square of a step that of Adam. Source: Liu et al. 2025, arXiv:2502.16982, section 2.2. */
  readonly gain: number;
}

/** What Muon turns: the kernels of convolutions, [out, in, height, width]. */
export function kernelStacks(places: readonly Place[]): KernelStack[] {
  const byShape = new Map<string, Place[]>();
  for (const place of places.filter(isKernel)) {
    const key = matrixOf(place).join();
    byShape.set(key, [...(byShape.get(key) ?? []), place]);
  }
  return [...byShape.values()].map((same) => {
    const [rows, columns] = matrixOf(same[0]);
    return {
      shape: [same.length, rows, columns],
      places: same,
      gain: 0.2 * Math.sqrt(Math.max(rows, columns)),
    };
  });
}

export function isKernel({ shape }: Pick<Place, 'shape'>): boolean {
  return shape.length === 4;
}

function matrixOf({ shape, from, to }: Place): [rows: number, columns: number] {
  return [shape[0], (to - from) / shape[0]];
}

/**
 * A step of Muon: kernels go by their orthogonalised momentum, with Nesterov's look ahead; all else takes a step of
 * Adam. `v` of a kernel stays zero. If orthogonalising fails, nothing has changed.
 */
export function createMuon({ places }: ParameterLayout, orthogonalise: Orthogonalise) {
  const stacks = kernelStacks(places);
  const others = places.filter((place) => !isKernel(place));
  return async (learned: Learned, gradient: Float32Array, scales: Scales): Promise<void> => {
    const turned = await orthogonalise(stacks.map((stack) => momentumOf(stack, learned, gradient, scales)));
    for (const { from, to } of others) {
      updates.adam(partOf(learned, from, to), gradient.subarray(from, to), scales);
    }
    stacks.forEach((stack, i) => {
      let at = 0;
      for (const { from, to } of stack.places) {
        const direction = turned[i].data.subarray(at, at + to - from);
        follow(partOf(learned, from, to), gradient.subarray(from, to), direction, stack.gain, scales);
        at += to - from;
      }
    });
  };
}

function partOf({ parameters, average, m, v }: Learned, from: number, to: number): Learned {
  return {
    parameters: parameters.subarray(from, to),
    ...(average && { average: average.subarray(from, to) }),
    ...{ m: m.subarray(from, to), v: v.subarray(from, to) },
  };
}

/** beta1·m' + toM·gradient, with m' the momentum after this step. */
function momentumOf({ shape, places }: KernelStack, { m }: Learned, gradient: Float32Array, scales: Scales) {
  const { beta1, toM } = scales;
  const data = new Float32Array(shape[0] * shape[1] * shape[2]);
  let at = 0;
  for (const { from, to } of places) {
    for (let i = from; i < to; i++) {
      const own = toM * gradient[i];
      data[at++] = beta1 * (beta1 * m[i] + own) + own;
    }
  }
  return { shape, data };
}

function follow(
  { parameters, average, m }: Learned,
  gradient: Float32Array,
  direction: Float32Array,
  gain: number,
  { beta1, toM, rate, share }: Scales,
): void {
  const stride = rate * gain;
  for (let i = 0; i < parameters.length; i++) {
    m[i] = beta1 * m[i] + toM * gradient[i];
    parameters[i] -= stride * direction[i];
    if (average) average[i] += share * (parameters[i] - average[i]);
  }
}
