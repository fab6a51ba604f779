export type { LeftOut } from '@glow-onnx/runtime/internal-node';
export type { EngineName, EngineOptions, TrainDevice } from './assembly/open-differentiator.js';
export type { DataFacts, Dataset, DatasetImage, DatasetOptions, SkippedFile } from './data/dataset.js';
export { datasetFrom, type FromImagesOptions, type LabelledImage } from './data/from-images.js';
export type { LabelFault, Labels } from './data/labels.js';
export type { NumberDataset, TrainingData } from './data/number-dataset.js';
export { openDataset } from './data/open-dataset.js';
export { type NumberOptions, numbersFrom, openNumbers } from './data/open-numbers.js';
export { type Split, splitBySeed } from './data/split.js';
export type { LearningSettings } from './engine/contract.js';
export type { OpenedDevice, SkippedBackend } from './engine/opened-device.js';
export type { OptimizerName } from './engine/optimizer.js';
export type { Metrics } from './folder/metrics.js';
export type { Memory } from './onnxruntime/memory.js';
export { openMpi } from './ranks/open-mpi.js';
export type { Ranks } from './ranks/ranks.js';
export type { Pictures } from './report/pictures.js';
export type { Progress } from './report/progress.js';
export type { Epoch } from './report/run-report.js';
export type { Forecast } from './run/forecast.js';
export type { TrainResult } from './run/loop.js';
export { type TrainOptions, train } from './run/train.js';
export {
  proposeRecipe,
  type Recipe,
  type RecipeGiven,
  type RecipeName,
  recipeFor,
  recipeSize,
  recipes,
} from './settings/recipes.js';
export { defaultSettings, type ScheduleName, type TrainSettings } from './settings/settings.js';
