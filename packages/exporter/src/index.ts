export type { LeftOut, WrittenFile } from '@glow-onnx/runtime/internal-node';
export type { Measurement } from '@glow-onnx/runtime/session';
export type { GoldenPictures } from './build/golden-images.js';
export { type ExportOptions, type ExportReport, exportModel } from './export-model.js';
export { type ImportOptions, importWeights } from './import/import-weights.js';
export type { ImportOverrides } from './import/layout.js';
export { type LayoutName, layoutNames } from './import/layouts.js';
export type { WeightsChoice } from './import/try-layout.js';
export {
  type LoadCheckpointOptions,
  type LoadedCheckpoint,
  loadCheckpoint,
} from './load-checkpoint.js';
export type { ModelDiagnosis, StepDiagnosis } from './verify/diagnose-steps.js';
export { type VerifyOptions, type VerifyReport, verifyFolder } from './verify/verify-folder.js';
