import type { Dataset } from '../data/dataset.js';
import type { RecipeName } from './recipes.js';

/** A model folder whose weights a new run may start from. */
export interface TrainedModel {
  readonly folder: string;
  readonly channels: 1 | 3;
  /** The recipe for images like those that it was trained on. */
  readonly recipe: RecipeName;
  /** What it was trained on, in words. */
  readonly shows: string;
}

/** The models that come with a clone of the repository. */
export const shippedModels: readonly TrainedModel[] = [
  { folder: 'models/faces', channels: 3, recipe: 'drawings', shows: 'drawn faces' },
  { folder: 'models/fashion-mnist', channels: 1, recipe: 'drawings', shows: 'grey pictures of clothes' },
  { folder: 'models/photos', channels: 3, recipe: 'photos', shows: 'patches of photographs' },
];

/** The first of these models that fits the data: of the same recipe, with as many channels. */
export function trainedModelFor(
  { channels }: Pick<Dataset, 'channels'>,
  recipe: RecipeName,
  models: readonly TrainedModel[],
): TrainedModel | undefined {
  return models.find((model) => model.recipe === recipe && model.channels === channels);
}
