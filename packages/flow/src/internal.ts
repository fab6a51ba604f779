/**
 * For the packages of this project alone: any release may change it.
 * @packageDocumentation
 */

export { inverse, logAbsDet, lu, matmul } from './arithmetic/linalg.js';
export type { Padding } from './arithmetic/ops.js';
export { filled, sizeOf } from './arithmetic/tensor.js';
export { checkpointParts, type JsonObject, type JsonValue } from './files/checkpoint.js';
export type { OwnBytes } from './files/own-bytes.js';
export { type Precision, precisions } from './files/precision.js';
export { preprocessingOf } from './files/preprocessing.js';
export { type Tolerances, tolerances } from './files/tolerances.js';
export { dequantisationOf, dequantisations } from './layers/dequantiser.js';
export { luParams } from './layers/invertible-conv.js';
export type { ChannelAffine, PlacedLayer } from './layers/layer.js';
export { squeeze } from './layers/squeeze.js';
export {
  encodeManifest,
  type GraphVariant,
  type ManifestFacts,
  maxManifestBytes,
  type Preprocessing,
} from './manifest.js';
export { describeIssue, parseConfig } from './model/config.js';
export { outputName } from './model/encode-decode.js';
export { fullName, type Level } from './model/glow.js';
export { latentChannels, latentShapes } from './model/latent-shapes.js';
export { liftWeights } from './model/weights.js';
export {
  binToFloat32,
  binToModel,
  binToPixel,
  bitsPerDimension,
  describeValues,
  modelToBin,
  pixelToBin,
  takesPixels,
} from './pixels.js';
export { type Random, type RandomState, restoreRandom, shuffle } from './random.js';
export { crc32 } from './reading/crc32.js';
export { describe } from './reading/describe.js';
export { difference } from './reading/difference.js';
export { checkVersion } from './reading/format-version.js';
export {
  aBoolean,
  aFunction,
  anAbortSignal,
  anything,
  aText,
  checkNames,
  checkOptions,
  checkValue,
  integerFrom,
  listOf,
  looksLikeOptions,
  oneOf,
  type Rule,
  type Rules,
} from './reading/options.js';
export { isObject, type JsonLimits, parseJson, parseJsonObject } from './reading/parse-json.js';
export { printable } from './reading/printable.js';
export { show } from './reading/show.js';
export {
  dtypeArrays,
  elementsOf,
  encodeSafetensors,
  parseSafetensors,
  type SafetensorsDtype,
  type SafetensorsFile,
  type SafetensorsInput,
  type SafetensorsTensor,
  safetensorsNumbers,
} from './safetensors.js';
