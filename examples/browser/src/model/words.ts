import { mostExamples } from './examples.js';
import { naturalOf, type ReadFile, readJson, textOf, textsOf } from './read-file.js';

/** How the page speaks of a model's pictures: the file `page.json` of its folder. */
export interface Words {
  /** One picture and several: 'face', 'faces'. */
  readonly one: string;
  readonly many: string;
  /** What the model knows, after "It knows only": 'drawn faces of 32×32 pixels'. */
  readonly knows: string;
  /** A sentence about its samples. */
  readonly samples: string;
  /** What a stripe above the middle covers, a ready hole of "Restore": 'eyebrows'. */
  readonly stripe: string;
  /** Sentences about the limits of "Is it typical?" with this model. */
  readonly limits: readonly string[];
  /** The index of the example that the sliders start from. */
  readonly slidersFrom: number;
  /** The label that "Make your own slider" proposes, such as 'mouth=laugh'. */
  readonly firstLabel: string;
}

/** The words for a model that brings none. */
const plainWords: Words = {
  one: 'picture',
  many: 'pictures',
  knows: 'pictures like those that it was trained on',
  samples: 'The model draws new pictures.',
  stripe: 'stripe',
  limits: [],
  slidersFrom: 0,
  firstLabel: '',
};

const newestVersion = 1;

/** @throws Error that names the field if `page.json` has a wrong one. */
export async function readWords(read: ReadFile): Promise<Words> {
  const words = await readJson(read, 'page.json', (fields) => {
    if (fields.version !== newestVersion) throw new RangeError(`"version": expected ${newestVersion}`);
    const given = (name: keyof Words) => fields[name] !== undefined;
    return {
      ...plainWords,
      one: textOf(fields, 'one', 24),
      many: textOf(fields, 'many', 24),
      knows: textOf(fields, 'knows'),
      ...(given('samples') && { samples: textOf(fields, 'samples', 120) }),
      ...(given('stripe') && { stripe: textOf(fields, 'stripe', 24) }),
      ...(given('limits') && { limits: textsOf(fields, 'limits', 300, 6) }),
      ...(given('slidersFrom') && { slidersFrom: naturalOf(fields, 'slidersFrom', 0, mostExamples) }),
      ...(given('firstLabel') && { firstLabel: textOf(fields, 'firstLabel') }),
    };
  });
  return words ?? plainWords;
}

/** 'face' → 'A face'; 'image' → 'An image'. */
export const withArticle = (one: string) => `${/^[aeiou]/i.test(one) ? 'An' : 'A'} ${one}`;

export const capitalised = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
