export { addOutputs } from './add-outputs.js';
export { concat, expand, pad, permute, reshape, slice, unsqueeze } from './arrangement.js';
export { type ConvOptions, conv, convTranspose, type Pads } from './convolution.js';
export { decodeModel, type ModelInfo, type NodeInfo, type TensorInfo } from './decode-model.js';
export { type Dim, formatShape, type Shape, type SymbolicDim, scaleDim, symbol } from './dims.js';
export {
  abs,
  add,
  cast,
  div,
  exp,
  hardSigmoid,
  log,
  max,
  mul,
  neg,
  relu,
  sigmoid,
  softplus,
  sqrt,
  sub,
  tanh,
} from './elementwise.js';
export { encodeModel, type ModelOptions } from './encode-model.js';
export { roundFloat16 } from './float16.js';
export { type GemmOptions, gemm } from './gemm.js';
export { backward, type Cotangent, gradient } from './gradient.js';
export { type Graph, type GraphSpec, graph } from './graph.js';
export { matmul, reduceMean, reduceSum } from './reduction.js';
export {
  type Attributes,
  type Constant,
  constant,
  type DType,
  input,
  isConstant,
  named,
  scalar,
  type Value,
} from './value.js';
export { createWeightsFile, type Location, type WeightsFile } from './weights-file.js';
