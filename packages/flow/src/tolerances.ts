import type { Precision } from './precision.js';

/** Largest errors allowed of an exported graph against the float64 interpreter on the same (rounded) weights. */
export interface Tolerances {
  /** z, relative to the largest |z| (or 1). */
  readonly latents: number;
  /** log p(x), relative to its size in nats or the number of dimensions, whichever is larger. */
  readonly logProb: number;
  /** x of decode, and of decode(encode(x)), in model units. */
  readonly image: number;
}

/**
 * Float32 in another order of sums: 6e-8 a rounding, 1e-7 a step. Trained and small random models of 4 to 36 steps
 * leave 2e-7 to 1e-5 (measured); ten times that catches a wrong weight and lets depth pass. A twentieth of an 8-bit
 * bin is 2e-4. Weights stored small are exact in float32, so their flows are held to the same.
 */
const float32: Tolerances = { latents: 1e-4, logProb: 2e-5, image: 1e-4 };

/**
 * GPUs take exp, tanh and log from fast approximations, 2 to 4 units in the last place instead of 1, and sum in
 * other orders: a few times float32 of a CPU. A miscomputed convolution is off by 1, TF32 by 1e-3.
 */
const float32OnGpu: Tolerances = { latents: 3e-4, logProb: 5e-5, image: 3e-4 };

/**
 * A conditioner in half precision: 10 bits, 5e-4 a rounding, three convolutions a step, and exp(s) after them. The
 * two directions round inputs that differ in float32's last bit, so the round trip is off too. The layers of a trained
 * model of 36 steps, rounded so in float64, leave 3e-3, 2.5e-5 and 5e-4; ten times that. 2e-3 in x is half an 8-bit
 * bin. (The CPU provider has no such convolution on x64 and computes float32, which passes.)
 */
const half: Tolerances = { latents: 3e-2, logProb: 3e-4, image: 5e-3 };

const onCpu = { fp32: float32, 'fp16-weights': float32, 'int8-weights': float32, fp16: half };
const onGpu = { fp32: float32OnGpu, 'fp16-weights': float32OnGpu, 'int8-weights': float32OnGpu, fp16: half };

/** By class of execution provider, then by precision. A deep, untrained model may need a factor (`--tolerance`). */
export const tolerances = { cpu: onCpu, wasm: onCpu, webgpu: onGpu, cuda: onGpu } as const satisfies Record<
  string,
  Record<Precision, Tolerances>
>;
