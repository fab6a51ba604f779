import type { Dataset } from '../data/dataset.js';
import type { RecipeName } from './recipes.js';

/** A model folder whose weights a new run may start from. */
export interface TrainedModel {
  readonly folder: string;
  readonly channels: 1 | 3;
  /** What it was trained on, in words. */
  readonly shows: string;
}

/** The models that come with a clone of the repository. Both are drawings in the sense of the recipes. */
export const shippedModels: readonly TrainedModel[] = [
  { folder: 'models/faces', channels: 3, shows: 'drawn faces' },
  { folder: 'models/fashion-mnist', channels: 1, shows: 'grey pictures of clothes' },
];

/** The first of these models that fits the data: drawings with as many channels. Photos need a model of photos. */
export function trainedModelFor(
  { channels }: Pick<Dataset, 'channels'>,
  recipe: RecipeName,
  models: readonly TrainedModel[],
): TrainedModel | undefined {
  return recipe === 'drawings' ? models.find((model) => model.channels === channels) : undefined;
}
