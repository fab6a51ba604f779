import type { Padding } from '@glow-onnx/flow/internal';
import { concat, constant, conv, named, slice, type Value } from '@glow-onnx/graph';
import { type Constant, formatShape, isConstant } from '@glow-onnx/graph/internal';
import type { Storage } from './precision.js';

/** An image in a graph, NCHW. One that was cut out of another knows that one and where it began. */
export interface ImageValue extends Value {
  readonly part?: { readonly whole: Value; readonly from: number };
  /** For a kernel that is not kept in float32. */
  readonly storage?: Storage;
}

/** A kernel whose elements are known. */
export type Kernel = Constant & Pick<ImageValue, 'storage'>;

export function channelsOf(x: Value): number {
  return x.shape[1] as number;
}

/**
 * Whether WebGPU silently miscomputes a convolution of this many input channels with a kernel larger than 1×1
 * (ONNX Runtime 1.30, node and web): multiples of 3 but not of 4, 3 itself excepted.
 */
export function isMiscomputed(channels: number): boolean {
  return channels > 3 && channels % 3 === 0 && channels % 4 !== 0;
}

/**
 * An input and kernel [out, in, k, k] that every provider computes rightly: where the number of channels is one
 * that is not, more are read, with zero weight. Those come from the image that x was cut out of (6 of 12 channels
 * become 8 of them, or all 12: `width`), which costs nothing; without one x repeats its first channels.
 */
export function portableInput(
  x: ImageValue,
  kernel: Kernel,
  width: 'narrow' | 'whole',
): readonly [Value, Kernel] {
  const channels = channelsOf(x);
  if (!isMiscomputed(channels)) return [x, kernel];
  const { whole, from } = x.part ?? { whole: x, from: 0 };
  const available = channelsOf(whole);
  const multipleOf4 = 4 * Math.ceil(channels / 4);
  const count = width === 'whole' ? available : multipleOf4;
  if (count > available || count === channels || isMiscomputed(count)) {
    const repeated = concat([x, slice(x, 1, 0, multipleOf4 - channels)], 1);
    return [repeated, placeInputs(kernel, 0, multipleOf4)];
  }
  const begin = Math.min(from, available - count);
  return [slice(whole, 1, begin, begin + count), placeInputs(kernel, from - begin, count)];
}

/**
 * What a 3×3 convolution adds at the border because its padding is not zeros: an image that is zero inside. Both
 * paddings are one more input channel that is 1 outside and 0 inside: `border` has a kernel for it, the kernel's
 * last; to pad with ones is to have the sum of all kernels there. That channel is 1 − (1 inside, 0 outside): minus
 * a zero-padded field of ones, plus the kernel's sum. Made of x with zero weights, the field has any size.
 */
export function outsideTerm(x: Value, kernel: Constant, padding: Padding): Value | undefined {
  if (padding === 'zeros') return undefined;
  const inputs = kernel.shape[1];
  const outside = padding === 'ones' ? sumInputs(kernel) : takeInputs(kernel, inputs - 1, inputs, '.outside');
  const field = conv(x, constant([1, channelsOf(x), 1, 1], new Float64Array(channelsOf(x))), {
    bias: constant([1], [-1]),
  });
  const sums = Float64Array.from({ length: outside.shape[0] }, (_, o) =>
    outside.source.data.subarray(9 * o, 9 * o + 9).reduce((sum, weight) => sum + weight, 0),
  );
  return conv(field, outside, { bias: constant([sums.length], sums), pads: [1, 1, 1, 1] });
}

/** @throws TypeError if a weight is not known when the graph is built. */
export function requireConstant(operation: string, value: ImageValue): Kernel {
  if (isConstant(value)) return value;
  const what = `${value.name ?? 'a value'} ${formatShape(value.shape)}`;
  throw new TypeError(`${operation}: ${what} is computed in the graph, expected a constant weight`);
}

/** The kernel's inputs from `from` to `to`. */
export function takeInputs(kernel: Kernel, from: number, to: number, suffix = ''): Kernel {
  return rewriteInputs(kernel, to - from, suffix, (block, target, i) => {
    if (i >= from && i < to) target(i - from).set(block);
  });
}

/** The kernel with zeros for surplus inputs: its own begin at `at` of `count`. */
function placeInputs(kernel: Kernel, at: number, count: number): Kernel {
  return rewriteInputs(kernel, count, '', (block, target, i) => target(i + at).set(block));
}

/** The sum over inputs, as a kernel of one input. */
function sumInputs(kernel: Kernel): Constant {
  return rewriteInputs(kernel, 1, '.outside', (block, target) => {
    const sum = target(0);
    block.forEach((weight, tap) => {
      sum[tap] += weight;
    });
  });
}

/** A kernel [out, count, k, k] from the k×k blocks of another: `write` is given each, and blocks to put it in. */
function rewriteInputs(
  kernel: Kernel,
  count: number,
  suffix: string,
  write: (block: Float64Array, target: (input: number) => Float64Array, input: number) => void,
): Kernel {
  const [outputs, inputs, height, width] = kernel.shape;
  const size = height * width;
  const data = new Float64Array(outputs * count * size);
  for (let o = 0; o < outputs; o++) {
    const target = (i: number): Float64Array =>
      data.subarray((o * count + i) * size, (o * count + i + 1) * size);
    for (let i = 0; i < inputs; i++) {
      write(kernel.source.data.subarray((o * inputs + i) * size, (o * inputs + i + 1) * size), target, i);
    }
  }
  const { storage } = kernel;
  const result = { ...constant([outputs, count, height, width], data), ...(storage && { storage }) };
  return kernel.name === undefined ? result : named(result, kernel.name + suffix);
}
