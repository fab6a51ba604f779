import { constant, conv, mul, named, relu, type Value } from '@glow-onnx/graph';
import { type ConvOptions, cast, convTranspose } from '@glow-onnx/graph/internal';
import { type ImageValue, type Kernel, requireConstant } from './portable-conv.js';
import { inSteps } from './round-conditioners.js';
import { transposedKernel, transposedName } from './transposed-conv.js';

/**
 * A convolution of stride 1 with a kernel as it is stored. Cast and Mul turn small weights into float32; ONNX Runtime
 * computes them once, at load, which it would not do for DequantizeLinear. For a convolution in half precision, image
 * and bias are cast to float16 and the result is cast back to float32.
 * @param transposed whether to write it as a transposed convolution. Half precision is for GPUs and keeps the plain form.
 */
export function convStored(
  x: Value,
  weight: ImageValue,
  options: Omit<ConvOptions, 'strides'>,
  transposed = false,
): Value {
  const kernel = requireConstant('conv', weight);
  const { storage } = kernel;
  if (storage?.dtype === 'float16' && storage.compute) return convInHalf(x, kernel, options);
  if (!transposed) return conv(x, expand(kernel, 0), options);
  return convTranspose(x, expand(transpose(kernel), 1), { ...options, strides: [1, 1] });
}

/** ReLU of a half-precision result stays in half precision, so the next convolution needs no cast. */
export function reluWithinHalf(x: Value): Value {
  const { source } = x;
  const widened = source.kind === 'node' && source.operator === 'Cast';
  return widened ? cast(relu(source.inputs[0]), 'float32') : relu(x);
}

function convInHalf(x: Value, kernel: Kernel, options: ConvOptions): Value {
  const { bias } = options;
  const halves = { ...options, ...(bias && { bias: toHalf(requireConstant('conv', bias)) }) };
  return cast(conv(cast(x, 'float16'), toHalf(kernel), halves), 'float32');
}

/**
 * The float32 kernel under its own name; a tensor that is stored smaller adds its type to that name.
 * @param axis of the output channels.
 */
function expand(kernel: Kernel, axis: 0 | 1): Value {
  const called = <V extends Value>(value: V, suffix: string): V =>
    kernel.name === undefined ? value : named(value, kernel.name + suffix);
  const { source, storage } = kernel;
  const shape: readonly number[] = kernel.shape;
  if (!storage) return kernel;
  if (storage.dtype === 'float16') {
    return called(cast(called(constant(shape, source.data, 'float16'), '.float16'), 'float32'), '');
  }
  const { scale } = storage;
  const size = shape.slice(axis + 1).reduce((product, extent) => product * extent, 1);
  const steps = source.data.map((weight, i) => inSteps(weight, scale[Math.floor(i / size) % scale.length]));
  const wide = cast(called(constant(shape, steps, 'int8'), '.int8'), 'float32');
  const perOutput = shape.map((extent, i) => (i === axis ? extent : 1));
  return called(mul(wide, called(constant(perOutput, scale), '.scale')), '');
}

function transpose(kernel: Kernel): Kernel {
  const { shape, data } = transposedKernel({ shape: kernel.shape, data: kernel.source.data });
  const { name, storage } = kernel;
  const result = { ...constant(shape, data), ...(storage && { storage }) };
  return name === undefined ? result : named(result, transposedName(name));
}

function toHalf(kernel: Kernel): Value {
  const half = constant(kernel.shape, kernel.source.data, 'float16');
  return kernel.name === undefined ? half : named(half, kernel.name);
}
