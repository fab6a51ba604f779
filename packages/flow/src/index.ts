export { float64Ops } from './arithmetic/float64-ops.js';
export type { Ops } from './arithmetic/ops.js';
export { type Float64Tensor, type Named, tensor } from './arithmetic/tensor.js';
export { type Checkpoint, encodeCheckpoint, parseCheckpoint } from './files/checkpoint.js';
export type { Dequantisation, Dequantised, NoisyPixels } from './layers/dequantiser.js';
export type { Layer, LayerParams, LogDet, ParamSpec } from './layers/layer.js';
export { type Manifest, parseManifest } from './manifest.js';
export { type ConfigInput, createConfig, type GlowConfig, type PresetName, presets } from './model/config.js';
export { decode, dequantise, type Encoding, encode, encodeDequantised } from './model/encode-decode.js';
export { createGlow, type Glow } from './model/glow.js';
export {
  type FlowWeights,
  forwardWeights,
  initialise,
  initialParams,
  inverseWeights,
} from './model/weights.js';
export { createRandom } from './random.js';
