import type { Float64Tensor } from '@glow-onnx/flow';

/** A 3×3 convolution with at most so many outputs, and this many times as many inputs, is faster transposed. */
const [mostOutputs, inputsPerOutput] = [12, 4];

/**
 * Whether a convolution with this kernel [outputs, inputs, k, k] is exported as a transposed convolution with the flipped
 * kernel, which gives the same numbers. ONNX Runtime computes it as a product for all outputs and taps at once, so a
 * 3×3 convolution from many channels to few is faster; all others are slower. Measured on cpu and wasm together:
 * docs/decisions/0040-thin-convolutions.md.
 */
export function isFasterTransposed([outputs, inputs, side]: readonly number[]): boolean {
  return side === 3 && outputs <= mostOutputs && inputs >= inputsPerOutput * outputs;
}

/**
 * The kernel of the transposed convolution that equals a convolution of stride 1, and back: [a, b, k, k] → [b, a, k, k],
 * with the taps of each k×k block in reverse order.
 */
export function transposedKernel({ shape, data }: Float64Tensor): Float64Tensor {
  const [a, b, ...sides] = shape;
  const size = data.length / (a * b);
  const result = new Float64Array(data.length);
  for (let i = 0; i < a; i++) {
    for (let j = 0; j < b; j++) {
      const block = data.subarray((i * b + j) * size, (i * b + j + 1) * size);
      result.subarray((j * a + i) * size).set(block.slice().reverse());
    }
  }
  return { shape: [b, a, ...sides], data: result };
}

/** The name of a transposed kernel. */
export function transposedName(name: string): string {
  return `${name}.transposed`;
}
