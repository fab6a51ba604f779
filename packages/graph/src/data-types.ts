import type { DType } from './value.js';

/** ONNX's numbers for element types. */
export const dataTypes = {
  float32: 1,
  int8: 3,
  int64: 7,
  float16: 10,
} as const satisfies Record<DType, number>;
