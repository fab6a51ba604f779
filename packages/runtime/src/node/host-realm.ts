import type { Tensor, TensorConstructor } from 'onnxruntime-common';
import type { OnnxRuntime } from '../sessions/onnx-runtime.js';

type FloatTensorConstructor = new (type: 'float32', data: Float32Array, dims: readonly number[]) => Tensor;

/**
 * ONNX Runtime for a program that runs in a realm of its own, such as a test in Jest or in the vm pools of Vitest. There
 * `Float32Array` is not the one of the realm that ONNX Runtime is in, and ONNX Runtime refuses it. The arrays that it
 * gets are therefore views, in its own realm, of the same memory. `fromOutputs` does the reverse.
 */
export function acrossRealms(runtime: OnnxRuntime): OnnxRuntime {
  const HostFloat32Array = new runtime.Tensor('float32', [0]).data.constructor as Float32ArrayConstructor;
  if (HostFloat32Array === Float32Array) return runtime;
  const HostTensor = runtime.Tensor as FloatTensorConstructor;
  class OurTensor extends HostTensor {
    constructor(type: 'float32', data: Float32Array, dims: readonly number[]) {
      super(type, new HostFloat32Array(data.buffer, data.byteOffset, data.length), dims);
    }
  }
  return { ...runtime, Tensor: OurTensor as unknown as TensorConstructor };
}
