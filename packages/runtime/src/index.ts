import { openCache, platform } from '#platform';
import { createDiagnose } from './diagnose.js';
import { createLoadGlow } from './load-glow.js';
import { createServeGlow } from './worker/serve.js';

export {
  createRandom,
  type Random,
  type RandomState,
  restoreRandom,
} from '@glow-onnx/flow/random';
export { BatchError } from './batch-error.js';
export type { CallOptions } from './batches.js';
export { DeviceError } from './device-error.js';
export type { SkippedDevice } from './devices.js';
export type { DeviceDiagnosis, Diagnose, DiagnoseOptions, Diagnosis, SelfTestReport } from './diagnose.js';
export type { Fit } from './fit.js';
export type { Measurement } from './golden.js';
export { type GridOptions, imageGrid } from './image-grid.js';
export type { ModelImage, RawImage } from './images.js';
export type { ClassLabel, Label } from './labels.js';
export type { InterpolationMode, LatentLevel, Latents } from './latents.js';
export { type LatentsFile, loadLatents, saveLatents } from './latents-file.js';
export type { LoadGlow, LoadOptions } from './load-glow.js';
export type { LoadProgress } from './load-progress.js';
export type {
  DecodeOptions,
  EditOptions,
  EncodeOptions,
  GlowModel,
  InterpolateOptions,
  OneOrMore,
  PrepareOptions,
  SampleOptions,
  ScoreOptions,
} from './model.js';
export type { CacheChoice } from './model-cache.js';
export type { ModelSource } from './model-source.js';
export { drawImage, type RgbaPixels, toImageData } from './pictures/canvas.js';
export type { ImageInput, PixelData } from './pictures/input.js';
export { encodePng } from './pictures/png-encode.js';
export type { Host, RuntimeOptions } from './platform.js';
export type { Score } from './score.js';
export type { SelfTestOutcome } from './self-test.js';
export type { Device, DeviceChoice } from './session.js';
export type { BlobLike } from './stores/blob-file.js';
export type { DirectoryHandle } from './stores/directory-store.js';
export type { FileContents, ModelFiles } from './stores/memory-store.js';
export type { WorkerChoice } from './worker/protocol.js';

export const loadGlow = /* @__PURE__ */ createLoadGlow(platform);

/** What there is to run models on: versions, devices that work, threads; with a model, how rightly they compute it. */
export const diagnose = /* @__PURE__ */ createDiagnose(platform);

/**
 * For a worker script of one's own, where `worker: true` cannot find ours: does there what the page asks of the
 * model that it loaded with `worker`, the script's address.
 */
export const serveGlow = /* @__PURE__ */ createServeGlow(platform);

/** Where loaded models are cached by default: a folder in Node, the name of a cache in a browser. */
export const cacheLocation = (): string => openCache().location;

/** Empties the cache of loaded models, the default one or the one that `loadGlow` was given. */
export const clearCache = (location?: string): Promise<void> => openCache(location).clear();
