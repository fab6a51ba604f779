export type { Measurement } from '@glow-onnx/runtime/session';
export type { Diagnosis, StepDiagnosis } from './diagnose.js';
export { type ExportOptions, type ExportReport, exportModel } from './export-model.js';
export type { WrittenFile } from './folder.js';
export { importWeights, type LayoutName, layoutNames } from './import/import-weights.js';
export type { ImportOverrides } from './import/infer-config.js';
export { type VerifyOptions, type VerifyReport, verifyFolder } from './verify-folder.js';
