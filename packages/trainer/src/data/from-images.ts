import { createDataset, type Dataset, type DatasetImage, labelsFrom } from './dataset.js';
import { createPixelWriter, type PixelWriter } from './pixel-store.js';

/** An image of a program, and a word for each attribute that it is labelled by. */
export interface LabelledImage extends DatasetImage {
  readonly labels?: Readonly<Record<string, string>>;
}

export interface FromImagesOptions {
  /** For the model card. */
  readonly name: string;
  /** Takes the first so many; the source may be endless then. */
  readonly limit?: number;
  /** Bytes of pixels held in memory; more go to a temporary file (default: a quarter of the memory available). */
  readonly maxBytes?: number;
}

/**
 * A dataset of what a program yields, read once and to its end before training, so that epochs, validation and
 * resuming are as with files: a run that is resumed needs the same images in the same order.
 * @throws RangeError naming the image that differs from the first in size, channels or attributes; Error if there is
 * none.
 */
export async function datasetFrom(
  images: AsyncIterable<LabelledImage> | Iterable<LabelledImage>,
  { name, limit = Number.POSITIVE_INFINITY, maxBytes }: FromImagesOptions,
): Promise<Dataset> {
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
    if (!first || !pixels) throw new Error(`data: ${name} has no image, expected two at least`);
    const { channels, height, width } = first;
    const labels = Object.fromEntries(Object.entries(words).map(([key, all]) => [key, labelsFrom(all)]));
    return createDataset({ name, channels, height, width, pixels: await pixels.finish(), labels });
  } catch (error) {
    await pixels?.discard();
    throw error;
  }
}

function checkImage(name: string, image: LabelledImage): LabelledImage {
  const { data, height, width, channels } = image;
  if ((channels === 1 || channels === 3) && data.length > 0 && data.length === height * width * channels)
    return image;
  throw new RangeError(
    `data: ${name}: image 0 says ${height}×${width}×${channels} and has ${data.length} bytes; expected ` +
      'height × width × channels bytes, of 1 or 3 channels',
  );
}

function checkLike(name: string, i: number, image: LabelledImage, first: LabelledImage): void {
  const shape = ({ height, width, channels, data, labels = {} }: LabelledImage): string =>
    `${height}×${width}×${channels}, ${data.length} bytes, labels ${Object.keys(labels).sort().join(' ') || 'none'}`;
  if (shape(image) === shape(first)) return;
  throw new RangeError(
    `data: ${name}: image ${i} is ${shape(image)}; expected it like the first, ${shape(first)}`,
  );
}
