export type { EngineName, EngineOptions, TrainDevice } from './assembly/open-differentiator.js';
export type { Dataset, DatasetImage, DatasetOptions, Labels, SkippedFile } from './data/dataset.js';
export { datasetFrom, type FromImagesOptions, type LabelledImage } from './data/from-images.js';
export { openDataset } from './data/open-dataset.js';
export { type Split, splitBySeed } from './data/split.js';
export type { Memory } from './onnxruntime/training-graph.js';
export type { Pictures } from './report/pictures.js';
export type { Epoch } from './report/run-report.js';
export type { TrainResult } from './run/loop.js';
export type { Progress } from './run/progress.js';
export { type TrainOptions, train } from './run/train.js';
export {
  defaultSettings,
  type OptimizerName,
  type ScheduleName,
  type TrainSettings,
} from './settings/settings.js';
export type { OpenedDevice, SkippedDevice } from './tfjs/device.js';
