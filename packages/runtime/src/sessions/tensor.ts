import type { Tensor } from 'onnxruntime-common';

/** A float32 tensor, row-major. */
export interface FloatTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A float32 tensor in the memory of a GPU, until it is disposed of. */
export interface DeviceTensor {
  readonly shape: readonly number[];
  readonly tensor: Tensor;
  dispose(): void;
}
