import { createConfig } from '@glow-onnx/flow';
import { createDataset } from '../../../packages/trainer/src/data/dataset.js';
import { pixelsOf } from '../../../packages/trainer/src/data/pixel-store.js';
import { splitBySeed } from '../../../packages/trainer/src/data/split.js';
import { checkSettings } from '../../../packages/trainer/src/settings/check-settings.js';
import {
  proposeRecipe,
  type RecipeName,
  recipeFor,
  recipes,
} from '../../../packages/trainer/src/settings/recipes.js';
import { defaultSettings } from '../../../packages/trainer/src/settings/settings.js';
import { shippedModels, trainedModelFor } from '../../../packages/trainer/src/settings/trained-models.js';

const names = Object.keys(recipes) as RecipeName[];
const counts = [2, 6, 12, 60, 1200, 5000, 150_000];
const cases = names.flatMap((name) => counts.map((count) => ({ name, count })));

test.each(cases)('$name gives a valid model and valid settings for $count images', ({ name, count }) => {
  const { preset, model, settings } = recipeFor(name, { count });
  checkSettings({ ...defaultSettings, ...settings });
  expect(createConfig({ channels: 3, height: 32, width: 32, ...model }, preset)).toMatchObject(model);
  const { batch = 0, valFraction = 0 } = settings;
  expect(batch).toBeLessThanOrEqual(splitBySeed(count, valFraction, 1).train.length);
  expect(Math.round(count * valFraction)).toBeLessThanOrEqual(1000);
});

test.each(names)('%s takes about the same number of steps for few and for many images', (name) => {
  const steps = [1200, 5000, 15_000].map((count) => {
    const { batch = 0, valFraction = 0, epochs = 0 } = recipeFor(name, { count }).settings;
    return epochs * Math.floor((count * (1 - valFraction)) / batch);
  });
  expect(Math.max(...steps) / Math.min(...steps)).toBeLessThan(1.1);
});

test('with another batch or more held-out images, a recipe takes as many steps', () => {
  const { epochs = 0 } = recipeFor('quick', { count: 40 }, { batch: 16, valFraction: 0.2 }).settings;
  expect(epochs * Math.floor(32 / 16)).toBe(2000);
});

test.each<[string, number, object, string]>([
  ['nope', 40, {}, 'recipeFor: name must be "quick", "photos", "drawings" or "best", got "nope"'],
  ['constructor', 40, {}, 'recipeFor: name must be'],
  ['quick', Number.NaN, {}, 'recipeFor: count must be an integer from 2 on, got NaN'],
  ['quick', 1, {}, 'recipeFor: count must be an integer from 2 on, got 1'],
  ['quick', 40, { batch: 0 }, 'recipeFor: batch must be an integer from 1 on, got 0'],
  ['quick', 40, { valFraction: 1 }, 'recipeFor: valFraction must be a number between 0 and 1, got 1'],
  ['quick', 40, { bacth: 8 }, 'recipeFor: unknown option "bacth"; did you mean batch?'],
])('%s for %d images with %j is refused', (name, count, own, message) => {
  expect(() => recipeFor(name as RecipeName, { count }, own)).toThrow(message);
});

test('numbers get no recipe', async () => {
  const numbers = { count: 3, shape: [1, 8, 8], batch: async () => new Float32Array(0) };
  await expect(proposeRecipe(numbers as never)).rejects.toThrow('recipes are for images');
});

test('with a time budget, a recipe lasts until the time ends', () => {
  const { settings, ...others } = recipeFor('best', { count: 50_000 }, { timeBudgetMinutes: 180 });
  expect(settings.epochs).toBeGreaterThan(100_000);
  checkSettings({ ...defaultSettings, ...settings });
  const { settings: without, ...same } = recipeFor('best', { count: 50_000 }, { timeBudgetMinutes: 0 });
  expect({ ...settings, epochs: without.epochs, ...others }).toEqual({ ...without, ...same });
});

test('photos may be mirrored, drawings may not', () => {
  expect(recipeFor('photos', { count: 5000 }).settings.flip).toBe(true);
  expect(recipeFor('drawings', { count: 5000 }).settings.flip).toBeUndefined();
});

test('the best learns by Muon, and few images still fill its batches', () => {
  expect(recipeFor('best', { count: 5000 })).toMatchObject({
    preset: 'bounded',
    settings: { optimizer: 'muon', batch: 16 },
  });
  expect(recipeFor('best', { count: 60 }).settings.batch).toBe(8);
});

test('few images get a smaller model, and photos are shifted', () => {
  const [few, many] = [1200, 20_000].map((count) => recipeFor('photos', { count }));
  expect(few.model.hiddenChannels).toBeLessThan(Number(many.model.hiddenChannels));
  expect([few.settings.shift, many.settings.shift]).toEqual([2, undefined]);
});

/** Grey images of 8×8 pixels, each row drawn by `at`. */
function images(at: (x: number, i: number) => number) {
  const pixels = Uint8Array.from({ length: 3 * 64 }, (_, k) => at(k % 8, k));
  return createDataset({ name: 'rows', channels: 1, height: 8, width: 8, pixels: pixelsOf(pixels, 64) });
}

test('areas of one colour are taken for drawings, and slopes for photos', async () => {
  expect(await proposeRecipe(images((x) => (x < 4 ? 0 : 255)))).toBe('drawings');
  expect(await proposeRecipe(images((x) => 10 * x))).toBe('photos');
});

test('one image of one colour among photos, such as a night sky, leaves them photos', async () => {
  expect(await proposeRecipe(images((x, k) => (k < 64 ? 0 : 10 * x)))).toBe('photos');
});

test('a trained model of the same recipe with as many channels is proposed', () => {
  const folder = (channels: 1 | 3, recipe: RecipeName) =>
    trainedModelFor({ channels }, recipe, shippedModels)?.folder;
  expect(folder(3, 'drawings')).toBe('models/faces');
  expect(folder(1, 'drawings')).toBe('models/fashion-mnist');
  expect(folder(3, 'photos')).toBe('models/photos');
  expect(folder(1, 'photos')).toBeUndefined();
  expect(folder(3, 'quick')).toBeUndefined();
  expect(trainedModelFor({ channels: 3 }, 'drawings', [])).toBeUndefined();
});
