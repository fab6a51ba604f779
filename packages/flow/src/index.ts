export {
  type Checkpoint,
  checkpointParts,
  encodeCheckpoint,
  type JsonObject,
  type JsonValue,
  parseCheckpoint,
} from './checkpoint.js';
export {
  type ConfigInput,
  createConfig,
  describeIssue,
  type GlowConfig,
  type PresetName,
  parseConfig,
  presets,
} from './config.js';
export { decode, type Encoding, encode, type Levels, outputName } from './encode-decode.js';
export { float64Ops } from './float64-ops.js';
export { createGlow, fullName, type Glow, type Level, type PlacedLayer } from './glow.js';
export type { ChannelAffine, Layer, LayerParams, LogDet, ParamSpec } from './layer.js';
export { luParams } from './layers/invertible-conv.js';
export { squeeze } from './layers/squeeze.js';
export { inverse, logAbsDet, lu, matmul } from './linalg.js';
export {
  type GraphVariant,
  latentChannels,
  latentShapes,
  type Manifest,
  type Precision,
  type Preprocessing,
  parseManifest,
  precisions,
} from './manifest.js';
export type { Ops, Padding } from './ops.js';
export { binToModel, binToPixel, bitsPerDimension, modelToBin, pixelToBin } from './pixels.js';
export { createRandom, type Random, type RandomState, restoreRandom, shuffle } from './random.js';
export {
  encodeSafetensors,
  parseSafetensors,
  type SafetensorsDtype,
  type SafetensorsFile,
  type SafetensorsInput,
  type SafetensorsTensor,
  safetensorsNumbers,
} from './safetensors.js';
export { type Float64Tensor, filled, type Named, sizeOf, tensor } from './tensor.js';
export { type Tolerances, tolerances } from './tolerances.js';
export {
  type FlowWeights,
  forwardWeights,
  initialise,
  initialParams,
  inverseWeights,
  liftWeights,
} from './weights.js';
