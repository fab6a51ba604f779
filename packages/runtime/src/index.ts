import { platform } from '#platform';
import { createDiagnose } from './create-diagnose.js';
import { createLoadGlow } from './load-glow.js';
import { createEstimateCost } from './model/estimate-cost.js';
import { createServeGlow } from './worker/serve.js';

export {
  createRandom,
  type Random,
  type RandomState,
  restoreRandom,
} from '@glow-onnx/flow/random';
export type { Calibration } from './calibration/calibration.js';
export { encodeCalibration, parseCalibration } from './calibration/calibration-file.js';
export type { FalseAlarms } from './calibration/conformal.js';
export { falseAlarmsIn, type Tested, type Verdict } from './calibration/judge.js';
export type { Statistic } from './calibration/statistics.js';
export type { DeviceDiagnosis, Diagnose, DiagnoseOptions, Diagnosis, SelfTestReport } from './diagnose.js';
export type { LoadProgress } from './folder/load-progress.js';
export type { CacheChoice } from './folder/model-cache.js';
export type { ModelSource } from './folder/model-source.js';
export { UnreachableError } from './folder/model-store.js';
export type { BlobLike } from './folder/stores/blob-file.js';
export type { DirectoryHandle } from './folder/stores/directory-store.js';
export type { HubOptions } from './folder/stores/hub-folder.js';
export type { FileContents, ModelFiles } from './folder/stores/memory-store.js';
export type { NetworkOptions } from './folder/stores/url-store.js';
export type { LoadGlow, LoadOptions } from './load-options.js';
export { BatchError } from './model/batch-error.js';
export type { Bound } from './model/bounds.js';
export type { CalibrateOptions } from './model/calibrate.js';
export type { CallOptions, FitOptions } from './model/call.js';
export type { Cost } from './model/cost.js';
export type { EditOptions } from './model/edit.js';
export type {
  DecodeOptions,
  Encoded,
  EncodeOptions,
  FittedImage,
  PrepareOptions,
} from './model/encode-decode.js';
export type { Features } from './model/features.js';
export type { FloatImage } from './model/float-image.js';
export type { DecodeGradient, LogProbGradient } from './model/gradient.js';
export type { InterpolateOptions } from './model/interpolate.js';
export type { ClassLabel, Label } from './model/labels.js';
export type { InterpolationMode, LatentLevel, Latents } from './model/latents.js';
export { type LatentsFile, loadLatents, saveLatents } from './model/latents-file.js';
export {
  type LatentLevelJson,
  type LatentsJson,
  latentsFromJson,
  latentsToJson,
} from './model/latents-json.js';
export type { DrawOptions } from './model/measure.js';
export { MemoryError } from './model/memory-error.js';
export type { GlowModel, OneOrMore } from './model/model.js';
export type {
  DenoiseOptions,
  EnlargeOptions,
  Restored,
  RestoreOptions,
  RestoreStep,
} from './model/restored.js';
export type { SampleOptions } from './model/sample.js';
export type { Score, ScoreOptions } from './model/score.js';
export type { PixelMap, Surprise, SurpriseOptions } from './model/surprise.js';
export type { SurpriseForm } from './model/surprise-forms.js';
export { drawImage, type RgbaPixels, toImageData } from './pictures/canvas.js';
export type { Fit, Fitted } from './pictures/fits.js';
export { type HeatMapOptions, heatMap } from './pictures/heat-map.js';
export { type GridOptions, imageGrid } from './pictures/image-grid.js';
export type { ModelImage, PixelData, RawImage } from './pictures/images.js';
export type { ImageInput } from './pictures/input.js';
export type { PictureSize } from './pictures/limits.js';
export { encodePng } from './pictures/png-encode.js';
export type { Host } from './platform.js';
export type { Device, DeviceChoice } from './sessions/device.js';
export { DeviceError } from './sessions/device-error.js';
export type { SkippedDevice } from './sessions/devices.js';
export type { Measurement } from './sessions/golden.js';
export type { RuntimeOptions } from './sessions/onnx-runtime.js';
export type { SelfTestOutcome } from './sessions/self-test.js';
export type { WorkerChoice, WorkerScript } from './worker/port.js';
export { WorkerError } from './worker/worker-error.js';

/**
 * Loads a model folder that `glow-onnx export` wrote, and checks every file that it uses against the manifest.
 * @throws Error if a file is missing or changed, or its server does not give it; UnreachableError if a server does not
 *   answer, fails or breaks off, so that a later attempt may help; RangeError if the format or the precision is not
 *   known, the manifest contradicts its graphs or is too large, or a graph is not one that glow-onnx export writes for the
 *   config; DeviceError if no requested device is available and passes the self-test;
 *   `signal.reason` if loading is aborted.
 * @example
 * const model = await loadGlow('models/faces');
 * const [image] = await model.sample();
 * await model.dispose();
 */
export const loadGlow = /* @__PURE__ */ createLoadGlow(platform);

/**
 * Estimates what a call needs for each image of this size, before it starts: bytes of memory beside the opened model,
 * and seconds on a processor. `reconstruct`, edits and `interpolate` need it in both graphs, so twice.
 * @throws RangeError if a side is not an integer from 1 on.
 * @example
 * const { bytes } = estimateCost(model, { height: 2000, width: 3000 });
 */
export const estimateCost = /* @__PURE__ */ createEstimateCost(platform);

/**
 * Reports on what can run models here: versions, devices and whether they work, threads. With a model, also how
 * exactly each device computes it.
 * @throws Error if `model` is given and cannot be read.
 * @example console.log(await diagnose({ model: 'models/faces' }));
 */
export const diagnose = /* @__PURE__ */ createDiagnose(platform);

/**
 * Serves one model to the program that starts this script. Call it in a worker script of your own, where bundlers do not
 * find the worker of this package; the program passes the script's path or address as `worker` to `loadGlow`.
 * @throws TypeError outside a worker.
 * @example
 * // glow-worker.js
 * import { serveGlow } from '@glow-onnx/runtime';
 * serveGlow();
 */
export const serveGlow = /* @__PURE__ */ createServeGlow(platform);
