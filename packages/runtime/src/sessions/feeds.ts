import type { InferenceSession } from 'onnxruntime-common';
import type { OnnxRuntime } from './onnx-runtime.js';
import type { DeviceTensor, FloatTensor } from './tensor.js';

export type NamedTensors = Readonly<Record<string, FloatTensor>>;
/** Inputs may be in the memory of the GPU that the session is on. */
export type Inputs = Readonly<Record<string, FloatTensor | DeviceTensor>>;

export function toFeeds({ Tensor }: OnnxRuntime, inputs: Inputs): InferenceSession.FeedsType {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [
      name,
      'tensor' in value ? value.tensor : new Tensor('float32', value.data, value.shape),
    ]),
  );
}

/** Arrays of ONNX Runtime in another realm become arrays of this one. @throws TypeError if an output is not float32. */
export function fromOutputs(outputs: InferenceSession.ReturnType): Record<string, FloatTensor> {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { dims, data }]) => {
      if (data instanceof Float32Array) return [name, { shape: [...dims], data }];
      if (!isFloat32Array(data)) throw new TypeError(`session: output ${name} is not float32`);
      const ours = new Float32Array(data.buffer, data.byteOffset, data.length);
      return [name, { shape: [...dims], data: ours }];
    }),
  );
}

function isFloat32Array(data: unknown): data is Float32Array {
  return Object.prototype.toString.call(data) === '[object Float32Array]';
}

/** Copies outputs to the memory given for them. */
export function writeInto(into: NamedTensors, outputs: NamedTensors): Record<string, FloatTensor> {
  return Object.fromEntries(
    Object.entries(into).map(([name, { data }]) => {
      const { shape, data: found } = outputs[name] as FloatTensor;
      data.set(found);
      return [name, { shape, data }];
    }),
  );
}
