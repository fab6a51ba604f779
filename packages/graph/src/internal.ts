/**
 * For the packages of this project alone: any release may change it.
 * @packageDocumentation
 */

export { addOutputs } from './add-outputs.js';
export { expand, gather, unsqueeze } from './arrangement.js';
export { type ConvOptions, convTranspose, isMiscomputed, type Pads } from './convolution.js';
export type { ModelInfo, NodeInfo, TensorInfo } from './decode-model.js';
export { formatShape, type SymbolicDim, scaleDim } from './dims.js';
export { abs, cast, hardSigmoid, max, softplus } from './elementwise.js';
export type { ModelOptions } from './encode-model.js';
export { roundFloat16 } from './float16.js';
export type { GemmOptions } from './gemm.js';
export { backward, type Cotangent } from './gradient.js';
export { type GraphSpec, reach } from './graph.js';
export { matmul } from './reduction.js';
export { type Attributes, type Constant, isConstant, type Location, withAdjoint } from './value.js';
export { type ModelValues, valuesOf } from './values-of.js';
export type { WeightsFile } from './weights-file.js';
