import type { Float64Tensor } from '@glow-onnx/flow';

/**
 * Whether a 3×3 convolution is exported as a transposed convolution with the flipped kernel, which gives the same
 * numbers. ONNX Runtime computes it as one product for all outputs and taps, which is faster from many channels to few.
 * Measured on cpu and wasm together: docs/decisions/0040-thin-convolutions.md.
 * @param kernel shape of the kernel: outputs, inputs.
 * @param pixels height times width of the level, for an image of the training size. With 12 outputs the
 * CPU is slower at larger sizes.
 */
export function isFasterTransposed([outputs, inputs]: readonly number[], pixels: number): boolean {
  if (inputs < 4 * outputs) return false;
  return outputs <= 8 || (outputs <= 12 && pixels <= 24 * 24);
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
