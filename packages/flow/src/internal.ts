/**
 * For the packages of this project alone: any release may change it.
 * @packageDocumentation
 */

export { checkpointParts, type JsonObject, type JsonValue } from './checkpoint.js';
export { describeIssue, parseConfig } from './config.js';
export { outputName } from './encode-decode.js';
export { fullName, type Level } from './glow.js';
export { latentChannels, latentShapes } from './latent-shapes.js';
export type { ChannelAffine, PlacedLayer } from './layer.js';
export { dequantisationOf, dequantisations } from './layers/dequantiser.js';
export { luParams } from './layers/invertible-conv.js';
export { squeeze } from './layers/squeeze.js';
export { inverse, logAbsDet, lu, matmul } from './linalg.js';
export {
  encodeManifest,
  type GraphVariant,
  type ManifestFacts,
  maxManifestBytes,
  type Preprocessing,
} from './manifest.js';
export type { Padding } from './ops.js';
export type { OwnBytes } from './own-bytes.js';
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
export { type Precision, precisions } from './precision.js';
export { preprocessingOf } from './preprocessing.js';
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
export { filled, sizeOf } from './tensor.js';
export { type Tolerances, tolerances } from './tolerances.js';
export { liftWeights } from './weights.js';
