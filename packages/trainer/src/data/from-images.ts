import { aText, checkOptions, checkValue, describe, integerFrom, type Rules } from '@glow-onnx/flow/internal';
import { createDataset, type Dataset, type DatasetImage } from './dataset.js';
import { labelsFrom } from './labels.js';
import { createPixelWriter, type PixelWriter } from './pixel-store.js';

/** An image, and a word for each of its attributes. */
export interface LabelledImage extends DatasetImage {
  /** Attribute → value, such as `{ digit: '7' }`. All images must have the same attributes. */
  readonly labels?: Readonly<Record<string, string>>;
}

export interface FromImagesOptions {
  /** Short name for the model card. */
  readonly name: string;
  /** Takes this number of images, the first ones. The source may be endless then. Default: all. */
  readonly limit?: number;
  /** Largest number of bytes in memory. More go to a temporary file. Default: a quarter of the available memory. */
  readonly maxBytes?: number;
}

const rules: Rules<FromImagesOptions> = {
  name: aText,
  limit: { expected: 'a number', holds: (value) => typeof value === 'number' },
  maxBytes: integerFrom(1),
};

/**
 * Reads a dataset from images that a program yields. All images are read once, before training, so that epochs,
 * validation and resuming work as with files. A resumed run needs the same images in the same order.
 * @throws RangeError naming an image that differs from the first in size, channels or attributes; Error if there are no
 * images.
 * @example
 * function* gradients() {
 *   for (let i = 0; i < 1000; i++) {
 *     const data = Uint8Array.from({ length: 64 }, (_, at) => (at * i) % 256);
 *     yield { data, height: 8, width: 8, channels: 1 };
 *   }
 * }
 * const data = await datasetFrom(gradients(), { name: 'gradients' });
 */
export async function datasetFrom(
  images: AsyncIterable<LabelledImage> | Iterable<LabelledImage>,
  options: FromImagesOptions,
): Promise<Dataset> {
  checkOptions('datasetFrom', options ?? null, rules);
  checkValue('datasetFrom', 'name', options.name, aText);
  if (typeof images !== 'object' || images === null || !isIterable(images)) {
    throw new TypeError(`datasetFrom: expected an iterable of images, got ${describe(images)}`);
  }
  const { name, limit = Number.POSITIVE_INFINITY, maxBytes } = options;
  let first: LabelledImage | undefined;
  let pixels: PixelWriter | undefined;
  const words: Record<string, string[]> = {};
  let count = 0;
  try {
    if (limit > 0) {
      for await (const image of images) {
        first ??= checkImage(name, image);
        pixels ??= createPixelWriter(image.data.length, maxBytes);
        checkLike(name, count, image, first);
        await pixels.add(image.data);
        for (const [attribute, word] of Object.entries(image.labels ?? {})) {
          words[attribute] ??= [];
          words[attribute].push(word);
        }
        if (++count >= limit) break;
      }
    }
    if (!first || !pixels) throw new Error(`data: ${name} has no images, expected at least two`);
    const { channels, height, width } = first;
    const labels = Object.fromEntries(Object.entries(words).map(([key, all]) => [key, labelsFrom(key, all)]));
    return createDataset({ name, channels, height, width, pixels: await pixels.finish(), labels });
  } catch (error) {
    await pixels?.discard();
    throw error;
  }
}

function isIterable(images: object): boolean {
  return Symbol.iterator in images || Symbol.asyncIterator in images;
}

function checkImage(name: string, image: LabelledImage): LabelledImage {
  const { data, height, width, channels } = image;
  if ((channels === 1 || channels === 3) && data.length > 0 && data.length === height * width * channels)
    return image;
  throw new RangeError(
    `data: ${name}: image 0 is declared as ${height}×${width}×${channels} but has ${data.length} bytes; expected ` +
      'height × width × channels bytes, of 1 or 3 channels',
  );
}

function checkLike(name: string, i: number, image: LabelledImage, first: LabelledImage): void {
  const shape = ({ height, width, channels, data, labels = {} }: LabelledImage): string =>
    `${height}×${width}×${channels}, ${data.length} bytes, labels ${Object.keys(labels).sort().join(' ') || 'none'}`;
  if (shape(image) === shape(first)) return;
  throw new RangeError(
    `data: ${name}: image ${i} is ${shape(image)}; expected the same as the first image, ${shape(first)}`,
  );
}
