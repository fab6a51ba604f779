import type { Precision } from './precision.js';

/** Largest allowed errors of an exported graph against the float64 interpreter on the same (rounded) weights. */
export interface Tolerances {
  /** z, relative to the largest |z| (or 1). */
  readonly latents: number;
  /** log p(x), relative to its size in nats or the number of dimensions, whichever is larger. */
  readonly logProb: number;
  /** x of decode, and of decode(encode(x)), in model units. */
  readonly image: number;
}

/**
 * Float32 with sums in another order: 6e-8 per rounding, 1e-7 per step. Trained models and small random models of 4 to
 * 36 steps have errors of 2e-7 to 1e-5 (measured). Ten times that finds a wrong weight and accepts deep models. A
 * twentieth of an 8-bit bin is 2e-4. Weights that are stored small are exact in float32, so their flows have the same
 * tolerances.
 */
const float32: Tolerances = { latents: 1e-4, logProb: 2e-5, image: 1e-4 };

/**
 * GPUs approximate exp, tanh and log to 2 to 4 units in the last place instead of 1, and sum in other orders: a few
 * times the error of float32 on a CPU. A miscomputed convolution has an error of 1, TF32 of 1e-3.
 */
const float32OnGpu: Tolerances = { latents: 3e-4, logProb: 5e-5, image: 3e-4 };

/**
 * A conditioner in half precision: 10 bits, 5e-4 per rounding, three convolutions per step, and then exp(s). The two
 * directions round inputs that differ in the last bit of float32, so the round trip has an error too. A trained model
 * of 36 steps, rounded in float64 in the same way, has errors of 3e-3, 2.5e-5 and 5e-4; the tolerances are ten times
 * that. 2e-3 in x is half an 8-bit bin. (On x64 the CPU provider lacks this convolution and computes float32, which
 * passes.)
 */
const half: Tolerances = { latents: 3e-2, logProb: 3e-4, image: 5e-3 };

const onCpu = { fp32: float32, 'fp16-weights': float32, 'int8-weights': float32, fp16: half };
const onGpu = { fp32: float32OnGpu, 'fp16-weights': float32OnGpu, 'int8-weights': float32OnGpu, fp16: half };

/** By device, then by precision. A deep, untrained model may need a factor (`--tolerance`). */
export const tolerances = { cpu: onCpu, wasm: onCpu, webgpu: onGpu, cuda: onGpu } as const satisfies Record<
  string,
  Record<Precision, Tolerances>
>;
