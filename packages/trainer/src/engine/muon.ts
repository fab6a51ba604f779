import { sizeOf } from '@glow-onnx/flow/internal';
import type { FloatTensor } from '@glow-onnx/runtime/session';
import { follow, type Learned, type Scales, updates } from './optimizer.js';
import type { ParameterLayout, Place } from './parameters.js';

/**
 * Replaces each matrix of stacks [count, rows, columns] by one near its closest orthogonal matrix. Singular values above
 * 0.2 % of its Frobenius norm become 0.7 to 1.2; smaller ones grow, at most to 485 times their share of that norm. Five
 * steps of X ← aX + (bA + cA²)X with A = XXᵀ, from X divided by its Frobenius norm. Source: Jordan et al. 2024,
 * https://kellerjordan.github.io/posts/muon/.
 */
export type Orthogonalise = (stacks: readonly FloatTensor[]) => Promise<readonly FloatTensor[]>;

/** The numbers of `Orthogonalise`. */
export const newtonSchulz = { steps: 5, a: 3.4445, b: -4.775, c: 2.0315, epsilon: 1e-7 } as const;

/** Kernels of convolutions whose matrices have the same shape. */
export interface KernelStack {
  /** [count, out, in·height·width]. */
  readonly shape: readonly [number, number, number];
  readonly places: readonly Place[];
  /**
   * Makes a step about as large as a typical one of Adam: 0.2 of the rate, root mean square. Source: Liu et al. 2025,
   * arXiv:2502.16982, section 2.2.
   */
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
  const ahead = stacks.map(({ shape }) => ({ shape, data: new Float32Array(sizeOf(shape)) }));
  const others = places.filter((place) => !isKernel(place));
  return async (learned: Learned, gradient: Float32Array, scales: Scales): Promise<void> => {
    stacks.forEach((stack, i) => {
      lookAhead(ahead[i].data, stack.places, learned, gradient, scales);
    });
    const turned = await orthogonalise(ahead);
    for (const { from, to } of others) {
      updates.adam(partOf(learned, from, to), gradient.subarray(from, to), scales);
    }
    stacks.forEach((stack, i) => {
      let at = 0;
      for (const { from, to } of stack.places) {
        const direction = turned[i].data.subarray(at, at + to - from);
        takeStep(partOf(learned, from, to), gradient.subarray(from, to), direction, stack.gain, scales);
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

/** Sets the stack to beta1·m' + toM·gradient, with m' the momentum after this step. */
function lookAhead(
  stack: Float32Array,
  places: readonly Place[],
  { m }: Learned,
  gradient: Float32Array,
  { beta1, toM }: Scales,
): void {
  let at = 0;
  for (const { from, to } of places) {
    for (let i = from; i < to; i++) {
      const own = toM * gradient[i];
      stack[at++] = beta1 * (beta1 * m[i] + own) + own;
    }
  }
}

function takeStep(
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
  }
  if (average) follow(average, parameters, share);
}
