export {
  type Device,
  type DeviceChoice,
  type EncodeOptions,
  encodePng,
  type Fit,
  type GlowModel,
  type GridOptions,
  type ImageInput,
  type InterpolateOptions,
  type InterpolationMode,
  imageGrid,
  type Label,
  type LatentLevel,
  type Latents,
  type LoadOptions,
  loadGlow,
  type ModelImage,
  type RawImage,
  type SampleOptions,
  type ScoreOptions,
} from './index.js';
export { writePng } from './node/images.js';
export { readWholeFile } from './node/read-file.js';
export { readImages } from './node/read-images.js';
export { writeFileAtomic } from './node/write-file.js';
