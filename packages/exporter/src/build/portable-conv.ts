import type { Padding } from '@glow-onnx/flow/internal';
import { concat, constant, conv, named, slice, type Value } from '@glow-onnx/graph';
import { type Constant, formatShape, isConstant, isMiscomputed } from '@glow-onnx/graph/internal';
import type { Storage } from './round-conditioners.js';

/** An image in a graph, NCHW. `part` says which image it is a range of channels of, and where the range begins. */
export interface ImageValue extends Value {
  readonly part?: { readonly whole: Value; readonly from: number };
  /** For a kernel that is not stored as float32. */
  readonly storage?: Storage;
}

/** A kernel whose elements are known. */
export type Kernel = Constant & Pick<ImageValue, 'storage'>;

export function channelsOf(x: Value): number {
  return x.shape[1] as number;
}

/** The channels of an image that a convolution reads: a range of `of` channels, which begins at `from`. */
export interface ChannelRange {
  readonly of: number;
  readonly from: number;
}

/** The inputs of a kernel as it is stored. */
export interface StoredInputs {
  readonly count: number;
  /** Where the kernel's own inputs begin; the others are zero. */
  readonly at: number;
  /** Whether the others read the first channels again, not the neighbours of the range. */
  readonly repeated: boolean;
}

/**
 * How many inputs a kernel is stored with, so that every provider computes it correctly. If the number of channels is
 * miscomputed, the convolution reads more channels with zero weight. The extra channels come from the image that x is a
 * part of, which costs nothing: 6 of 12 channels become 8 (`narrow`) or all 12 (`whole`). If x is not a part, it
 * repeats its first channels.
 */
export function storedInputs(
  channels: number,
  { of: available, from }: ChannelRange,
  width: 'narrow' | 'whole',
): StoredInputs {
  if (!isMiscomputed(channels)) return { count: channels, at: 0, repeated: false };
  const multipleOf4 = 4 * Math.ceil(channels / 4);
  const count = width === 'whole' ? available : multipleOf4;
  if (count > available || count === channels || isMiscomputed(count)) {
    return { count: multipleOf4, at: 0, repeated: true };
  }
  return { count, at: from - Math.min(from, available - count), repeated: false };
}

/** An input and a kernel [out, in, k, k] that every provider computes correctly: see `storedInputs`. */
export function portableInput(
  x: ImageValue,
  kernel: Kernel,
  width: 'narrow' | 'whole',
): readonly [Value, Kernel] {
  const channels = channelsOf(x);
  const { whole, from } = x.part ?? { whole: x, from: 0 };
  const { count, at, repeated } = storedInputs(channels, { of: channelsOf(whole), from }, width);
  if (count === channels) return [x, kernel];
  const input = repeated
    ? concat([x, slice(x, 1, 0, count - channels)], 1)
    : slice(whole, 1, from - at, from - at + count);
  return [input, placeInputs(kernel, at, count)];
}

/**
 * The part of a 3×3 convolution that comes from padding other than zeros: an image that is zero inside. Both paddings
 * equal one more input channel that is 1 outside and 0 inside. `border` has a kernel for that channel, the kernel's
 * last input; for `ones` the kernel is the sum over all inputs. That channel is 1 minus a field of ones, so the term is
 * the sum of the kernel minus a zero-padded convolution of the field. The field of −1 is a convolution of x with zero
 * weights, so it has the size of x. All terms of one size share the field of the first.
 */
export function createOutsideTerm(): (x: Value, kernel: Constant, padding: Padding) => Value | undefined {
  const fields = new Map<string, Value>();
  const fieldLike = (x: Value): Value => {
    const size = formatShape([x.shape[0], ...x.shape.slice(2)]);
    const weight = constant([1, channelsOf(x), 1, 1], new Float64Array(channelsOf(x)));
    const field = fields.get(size) ?? conv(x, weight, { bias: constant([1], [-1]) });
    fields.set(size, field);
    return field;
  };
  return (x, kernel, padding) => {
    if (padding === 'zeros') return undefined;
    const inputs = kernel.shape[1];
    const outside =
      padding === 'ones' ? sumInputs(kernel) : takeInputs(kernel, inputs - 1, inputs, '.outside');
    const sums = Float64Array.from({ length: outside.shape[0] }, (_, o) =>
      outside.source.data.subarray(9 * o, 9 * o + 9).reduce((sum, weight) => sum + weight, 0),
    );
    return conv(fieldLike(x), outside, { bias: constant([sums.length], sums), pads: [1, 1, 1, 1] });
  };
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

/** The kernel with `count` inputs: its own inputs begin at `at`, the others are zero. */
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

/** A kernel [out, count, k, k] made from another kernel: `write` copies each k×k block to the blocks of its choice. */
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
