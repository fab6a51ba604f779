export { type Checkpoint, encodeCheckpoint, parseCheckpoint } from './checkpoint.js';
export { type ConfigInput, createConfig, type GlowConfig, type PresetName, presets } from './config.js';
export { decode, dequantise, type Encoding, encode, encodeDequantised } from './encode-decode.js';
export { float64Ops } from './float64-ops.js';
export { createGlow, type Glow } from './glow.js';
export type { Layer, LayerParams, LogDet, ParamSpec } from './layer.js';
export type { Dequantisation, Dequantised, NoisyPixels } from './layers/dequantiser.js';
export { type Manifest, parseManifest } from './manifest.js';
export type { Ops } from './ops.js';
export { createRandom } from './random.js';
export { type Float64Tensor, type Named, tensor } from './tensor.js';
export {
  type FlowWeights,
  forwardWeights,
  initialise,
  initialParams,
  inverseWeights,
} from './weights.js';
