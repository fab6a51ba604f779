export type { Fit } from './fit.js';
export { type GridOptions, imageGrid } from './image-grid.js';
export type { ImageInput, RawImage } from './images.js';
export type { Label } from './labels.js';
export type { InterpolationMode, LatentLevel, Latents } from './latents.js';
export { type LoadOptions, loadGlow } from './load-glow.js';
export type { GlowModel, InterpolateOptions, SampleOptions, ScoreOptions } from './model.js';
export type { EncodeOptions } from './model-images.js';
export { encodePng, writePng } from './node-images.js';
