import { constant, conv, mul, named, relu, type Value } from '@glow-onnx/graph';
import { type ConvOptions, cast } from '@glow-onnx/graph/internal';
import { type ImageValue, type Kernel, requireConstant } from './portable-conv.js';
import { inSteps, type Storage } from './round-conditioners.js';

/**
 * A convolution with a kernel as it is stored. Cast and Mul turn small weights into float32; ONNX Runtime computes them
 * once, at load, which it would not do for DequantizeLinear. For a convolution in half precision, image and bias are
 * cast to float16 and the result is cast back to float32.
 */
export function convStored(x: Value, weight: ImageValue, options: ConvOptions): Value {
  const { storage } = weight;
  if (!storage) return conv(x, weight, options);
  const kernel = requireConstant('conv', weight);
  if (storage.dtype === 'int8' || !storage.compute) return conv(x, expand(kernel, storage), options);
  const { bias } = options;
  const halves = { ...options, ...(bias && { bias: toHalf(requireConstant('conv', bias)) }) };
  return cast(conv(cast(x, 'float16'), toHalf(kernel), halves), 'float32');
}

/** ReLU of a half-precision result stays in half precision, so the next convolution needs no cast. */
export function reluWithinHalf(x: Value): Value {
  const { source } = x;
  const widened = source.kind === 'node' && source.operator === 'Cast';
  return widened ? cast(relu(source.inputs[0]), 'float32') : relu(x);
}

/** The float32 kernel under its own name; the stored tensor adds its type to that name. */
function expand(kernel: Kernel, storage: Storage): Value {
  const called = <V extends Value>(value: V, suffix: string): V =>
    kernel.name === undefined ? value : named(value, kernel.name + suffix);
  const { shape, source } = kernel;
  if (storage.dtype === 'float16') {
    return called(cast(called(constant(shape, source.data, 'float16'), '.float16'), 'float32'), '');
  }
  const { scale } = storage;
  const size = source.data.length / scale.length;
  const steps = source.data.map((weight, i) => inSteps(weight, scale[Math.floor(i / size)]));
  const wide = cast(called(constant(shape, steps, 'int8'), '.int8'), 'float32');
  return called(mul(wide, called(constant([scale.length, 1, 1, 1], scale), '.scale')), '');
}

function toHalf(kernel: Kernel): Value {
  const half = constant(kernel.shape, kernel.source.data, 'float16');
  return kernel.name === undefined ? half : named(half, kernel.name);
}
