import type { ConfigInput, PresetName } from '@glow-onnx/flow';
import { checkOptions, checkValue, integerFrom, oneOf, type Rules } from '@glow-onnx/flow/internal';
import type { Dataset, DatasetImage } from '../data/dataset.js';
import { heldOutOf } from '../data/split.js';
import { defaultSettings, type TrainSettings } from './settings.js';

/** The kind of images, `quick` for a first look at any kind, or `best` for what learns most in the same time. */
export type RecipeName = 'quick' | 'photos' | 'drawings' | 'best';

/** A model and settings that fit together. Every value may be replaced. */
export interface Recipe {
  /** The variant of the model. Absent: the default of `createConfig`. */
  readonly preset?: PresetName;
  readonly model: Pick<ConfigInput, 'steps' | 'hiddenChannels' | 'bits'>;
  readonly settings: Partial<TrainSettings>;
}

/** A recipe as data: its values, and those of larger data sets. */
interface RecipeEntry {
  readonly use: string;
  readonly preset?: PresetName;
  readonly model: Recipe['model'];
  /** The model for at least this number of images. More parameters need more images. */
  readonly larger?: { readonly images: number; readonly model: Recipe['model'] };
  readonly settings: Partial<TrainSettings>;
  /** Training steps of the whole run, unless its time is given. */
  readonly steps: number;
  /** Settings for fewer images than this number, which a model would otherwise learn by heart. */
  readonly fewer?: { readonly images: number; readonly settings: Partial<TrainSettings> };
}

const small = { steps: 8, hiddenChannels: 64, bits: 5 };
/** What learned most in the same time, of clothes, photographs and drawings: docs/ablation.md. */
const muon = { schedule: 'cosine', warmup: 300, optimizer: 'muon', batch: 16, rate: 2.8e-3 } as const;

const entries: Readonly<Record<RecipeName, RecipeEntry>> = {
  quick: {
    use: 'minutes: shows that the data and the commands work, and draws the first shapes',
    model: { steps: 4, hiddenChannels: 32, bits: 5 },
    settings: { schedule: 'cosine' },
    steps: 2000,
  },
  photos: {
    use: 'photos and crops of photos: left and right may be exchanged',
    model: small,
    larger: { images: 10_000, model: { steps: 16, hiddenChannels: 128, bits: 5 } },
    settings: { ...muon, flip: true },
    steps: 20_000,
    fewer: { images: 5000, settings: { shift: 2 } },
  },
  drawings: {
    use: 'drawings, icons, letters and pixel art: every pixel keeps its place',
    model: small,
    larger: { images: 2000, model: { steps: 12, hiddenChannels: 96, bits: 5 } },
    settings: muon,
    steps: 20_000,
    fewer: { images: 1000, settings: { shift: 1 } },
  },
  best: {
    use: 'what learns most in the same time: all 8 bits, every pixel keeps its place',
    preset: 'bounded',
    model: { steps: 16, hiddenChannels: 64, bits: 8 },
    settings: { ...muon, ema: 0.99 },
    steps: 20_000,
  },
};

/** The recipes, each with what it is for. */
export const recipes = Object.fromEntries(
  Object.entries(entries).map(([name, { use }]) => [name, use]),
) as Readonly<Record<RecipeName, string>>;

/** With a recipe, larger images of a folder get this size unless another one is given. */
export const recipeSize = { height: 32, width: 32 } as const;

/** More epochs than fit into any time budget. */
const UNTIL_THE_TIME_ENDS = 1_000_000;

/** Held-out images at most. More of them would cost time and tell nothing new. */
const MOST_HELD_OUT = 1000;

/** Settings of a run that decide how many epochs a recipe takes. */
export type RecipeGiven = Partial<Pick<TrainSettings, 'batch' | 'valFraction' | 'timeBudgetMinutes'>>;

/**
 * The model and the settings of a recipe for these images: variant and size of the model, bits, augmentation, batch and
 * number of epochs.
 * @param own values of the run in place of those of the recipe, so that it takes as many steps as the recipe all the same.
 * If `timeBudgetMinutes` is above 0, the run lasts until the time ends, and not for the steps of the recipe.
 * @throws RangeError if there is no such recipe, or the data has fewer than two images.
 * @example
 * const { preset, model, settings } = recipeFor('best', data, { timeBudgetMinutes: 60 });
 * const { channels, height, width } = data;
 * const config = createConfig({ channels, height, width, ...model }, preset);
 * await train({ start: { config }, data, out: 'runs/best', settings: { ...settings, seed: 2 } });
 */
export function recipeFor(
  name: RecipeName,
  { count }: Pick<Dataset, 'count'>,
  own: RecipeGiven = {},
): Recipe {
  checkValue('recipeFor', 'name', name, oneOf(Object.keys(entries)));
  checkValue('recipeFor', 'count', count, integerFrom(2));
  checkOptions('recipeFor', own, ownRules);
  const { preset, model, larger, settings, steps, fewer } = entries[name];
  const { valFraction = Math.min(defaultSettings.valFraction, MOST_HELD_OUT / count) } = own;
  const training = count - heldOutOf(count, valFraction);
  const usual = count < 100 ? 8 : (settings.batch ?? defaultSettings.batch);
  const { batch = Math.min(usual, training), timeBudgetMinutes = 0 } = own;
  const stepsPerEpoch = Math.max(1, Math.floor(training / batch));
  const epochs = timeBudgetMinutes > 0 ? UNTIL_THE_TIME_ENDS : Math.ceil(steps / stepsPerEpoch);
  return {
    ...(preset && { preset }),
    model: larger && count >= larger.images ? larger.model : model,
    settings: {
      ...settings,
      ...(fewer && count < fewer.images && fewer.settings),
      ...{ batch, valFraction, epochs },
    },
  };
}

const ownRules: Rules<RecipeGiven> = {
  batch: integerFrom(1),
  valFraction: {
    expected: 'a number between 0 and 1',
    holds: (value) => (value as number) > 0 && (value as number) < 1,
  },
  timeBudgetMinutes: {
    expected: 'a number of at least 0',
    holds: (value) => Number.isFinite(value) && (value as number) >= 0,
  },
};

/** Images that `proposeRecipe` looks at. */
const LOOKED_AT = 64;
/** Measured medians: 0.02 to 0.05 in photos, 0.33 in drawings with thin lines, 0.7 in pixel art. */
const FLAT = 0.15;

/**
 * The recipe that fits these images: `drawings` if a typical image has areas of one colour, else `photos`. It looks at
 * 64 images, evenly spread over the data.
 * @throws TypeError for numbers: recipes are for images.
 */
export async function proposeRecipe(data: Dataset): Promise<RecipeName> {
  if (!('images' in data))
    throw new TypeError('proposeRecipe: recipes are for images, but the data has numbers');
  const looked = Math.min(data.count, LOOKED_AT);
  const images = await data.images(
    Array.from({ length: looked }, (_, i) => Math.floor((i * data.count) / looked)),
  );
  const shares = images.map(flatShare).sort((a, b) => a - b);
  return shares[Math.floor(looked / 2)] > FLAT ? 'drawings' : 'photos';
}

/** The share of the pixels that equal their left neighbour. */
function flatShare({ data, height, width, channels }: DatasetImage): number {
  let equal = 0;
  for (let pixel = 0; pixel < height * width; pixel++) {
    if (pixel % width === 0) continue;
    const at = pixel * channels;
    const same = (c: number) => data[at + c] === data[at + c - channels];
    if (same(0) && same(channels - 1) && same(channels >> 1)) equal++;
  }
  return equal / Math.max(1, height * (width - 1));
}
