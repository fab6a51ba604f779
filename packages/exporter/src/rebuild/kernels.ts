import { type Float64Tensor, type GlowConfig, tensor } from '@glow-onnx/flow';
import { filled, type Padding } from '@glow-onnx/flow/internal';
import { type ChannelRange, storedInputs } from '../build/portable-conv.js';
import { transposedKernel, transposedName } from '../build/transposed-conv.js';
import type { StoredWeights } from './stored-weights.js';

/** The shape of a kernel without the border channel: outputs, inputs, and the taps of height × width. */
export interface KernelShape {
  readonly outputs: number;
  readonly inputs: number;
  readonly taps: number;
}

/**
 * The own inputs of a kernel, which may be stored with more (`storedInputs`): [outputs, inputs, taps].
 * @param range the channels that the convolution reads.
 */
export function ownInputs(
  weights: StoredWeights,
  name: string,
  { outputs, inputs, taps }: KernelShape,
  range: ChannelRange,
  width: 'narrow' | 'whole',
): Float64Tensor {
  const { count, at } = storedInputs(inputs, range, width);
  const { data } = takeKernel(weights, name, [outputs, count, taps]);
  const own = filled([outputs, inputs, taps]);
  for (let o = 0; o < outputs; o++) {
    const from = (o * count + at) * taps;
    own.data.set(data.subarray(from, from + inputs * taps), o * inputs * taps);
  }
  return own;
}

/** A kernel [outputs, inputs, taps] that is stored in either form. */
function takeKernel(
  weights: StoredWeights,
  name: string,
  [outputs, inputs, taps]: readonly [number, number, number],
): Float64Tensor {
  const transposed = transposedName(name);
  return weights.has(transposed)
    ? transposedKernel(weights.take(transposed, [inputs, outputs, taps]))
    : weights.take(name, [outputs, inputs, taps]);
}

/** A 3×3 kernel with the input for the border channel, if its padding has one: [outputs, inputs, 3, 3]. */
export function kernel3x3(
  weights: StoredWeights,
  name: string,
  shape: Omit<KernelShape, 'taps'>,
  range: ChannelRange,
  padding: Padding,
): Float64Tensor {
  const { outputs, inputs } = shape;
  const own = ownInputs(weights, name, { ...shape, taps: 9 }, range, 'narrow');
  if (padding !== 'border') return tensor([outputs, inputs, 3, 3], own.data);
  const outside = weights.take(`${name}.outside`, [outputs, 1, 9]);
  const whole = filled([outputs, inputs + 1, 3, 3]);
  for (let o = 0; o < outputs; o++) {
    const to = o * (inputs + 1) * 9;
    whole.data.set(own.data.subarray(o * inputs * 9, (o + 1) * inputs * 9), to);
    whole.data.set(outside.data.subarray(o * 9, (o + 1) * 9), to + inputs * 9);
  }
  return whole;
}

/**
 * A kernel that reads an image of zeros: only its part for the padding is stored. With `ones` that is the sum over the
 * inputs, of which each gets the same share.
 */
export function kernelOfZeros(
  weights: StoredWeights,
  name: string,
  { outputs, inputs }: Omit<KernelShape, 'taps'>,
  padding: Padding,
): Float64Tensor {
  const outside = weights.take(`${name}.outside`, [outputs, 1, 9]);
  const all = padding === 'border' ? inputs + 1 : inputs;
  const kernel = filled([outputs, all, 3, 3]);
  kernel.data.forEach((_, at) => {
    const [o, input, tap] = [Math.floor(at / (9 * all)), Math.floor(at / 9) % all, at % 9];
    const share = padding === 'ones' ? 1 / inputs : Number(input === inputs);
    kernel.data[at] = share * outside.data[o * 9 + tap];
  });
  return kernel;
}

/**
 * The outputs in the flow's own order: export writes the odd outputs of an interleaved network before the even ones.
 */
export function interleave(
  order: GlowConfig['parameterOrder'],
  { shape, data }: Float64Tensor,
): Float64Tensor {
  if (order === 'halves') return { shape, data };
  const [outputs] = shape;
  const size = data.length / outputs;
  const ordered = filled(shape);
  for (let i = 0; i < outputs; i++) {
    const half = outputs / 2;
    const own = i < half ? 2 * i + 1 : 2 * (i - half);
    ordered.data.set(data.subarray(i * size, (i + 1) * size), own * size);
  }
  return ordered;
}
