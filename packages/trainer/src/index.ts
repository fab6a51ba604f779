export type { Dataset, DatasetImage, DatasetOptions, Labels, SkippedFile } from './data/dataset.js';
export { datasetFrom, type FromImagesOptions, type LabelledImage } from './data/from-images.js';
export { openDataset } from './data/open.js';
export { type Split, splitBySeed } from './data/split.js';
export type { EngineName, EngineOptions, TrainDevice } from './engine/open-differentiator.js';
export type { Memory } from './onnxruntime/training-graph.js';
export type { Epoch } from './report/chronicle.js';
export type { Pictures } from './report/pictures.js';
export type { TrainResult } from './run/loop.js';
export type { Progress } from './run/progress.js';
export {
  defaultSettings,
  type OptimizerName,
  type ScheduleName,
  type TrainSettings,
} from './run/settings.js';
export { type TrainOptions, train } from './run/train.js';
export type { OpenedDevice, SkippedDevice } from './tfjs/device.js';
