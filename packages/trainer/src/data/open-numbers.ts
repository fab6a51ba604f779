import { basename } from 'node:path';
import {
  aFunction,
  anAbortSignal,
  anything,
  aText,
  checkOptions,
  checkValue,
  describe,
  integerFrom,
  type Rules,
} from '@glow-onnx/flow/internal';
import type { FloatImage } from '@glow-onnx/runtime';
import { openTensor } from '@glow-onnx/runtime/internal-node';
import { pickEvenly } from './dataset.js';
import type { FromImagesOptions } from './from-images.js';
import { createNumberWriter, type NumberDataset } from './number-dataset.js';

/** Options of `openNumbers`. */
export interface NumberOptions {
  /** The name of the tensor. Default: the only one of the file. */
  readonly tensor?: string;
  /** Takes this number of items, evenly spread over all. A positive integer. Default: all. */
  readonly limit?: number;
  /** Largest number of bytes in memory. More go to a temporary file. Default: a quarter of the available memory. */
  readonly maxBytes?: number;
  /** Called while the file is read, with numbers of items. */
  readonly onProgress?: (done: number, total: number) => void;
  /** When it is aborted, reading ends with its reason as error. */
  readonly signal?: AbortSignal;
}

const rules: Rules<NumberOptions> = {
  tensor: aText,
  limit: anything, // checked with the items
  maxBytes: integerFrom(1),
  onProgress: aFunction,
  signal: anAbortSignal,
};

/**
 * Opens feature maps: a tensor [items, channels, height, width] of a safetensors file, float32 or half precision.
 * @throws SyntaxError or RangeError if the file is not safetensors or has no such tensor, if a number is not finite, or if
 * a channel has one value everywhere; Error if the file cannot be read. Messages name the file, and the item.
 * @example
 * const data = await openNumbers('features.safetensors');
 * const { channels, height, width } = data;
 * const config = createConfig({ channels, height, width, bits: 0 });
 * await train({ start: { config }, data, out: 'runs/features' });
 */
export async function openNumbers(path: string, options: NumberOptions = {}): Promise<NumberDataset> {
  checkOptions('openNumbers', options, rules);
  if (typeof path !== 'string' || path === '') {
    throw new TypeError(`openNumbers: expected the path of a safetensors file, got ${describe(path)}`);
  }
  const { tensor, limit, maxBytes, onProgress, signal } = options;
  const file = await openTensor(path, tensor);
  const writer = createNumberWriter(basename(path), maxBytes);
  try {
    const isTaken = pickEvenly(file.count, limit);
    for (let i = 0; i < file.count; i++) {
      signal?.throwIfAborted();
      if (isTaken(i)) await writer.add(await file.read(i));
      onProgress?.(i + 1, file.count);
    }
    return await writer.finish();
  } catch (error) {
    await writer.discard();
    throw error;
  } finally {
    await file.close();
  }
}

const fromRules: Rules<FromImagesOptions> = { name: aText, limit: integerFrom(1), maxBytes: integerFrom(1) };

/**
 * Reads a dataset from feature maps that a program yields. All are read once, before training. A resumed run needs the
 * same ones in the same order.
 * @throws RangeError naming an item that differs from the first in shape or has a number that is not finite, or a channel
 * that has one value everywhere.
 * @example
 * const data = await numbersFrom(maps, { name: 'features' }); // maps: { shape: [40, 28, 28], data: Float32Array } …
 */
export async function numbersFrom(
  items: AsyncIterable<FloatImage> | Iterable<FloatImage>,
  options: FromImagesOptions,
): Promise<NumberDataset> {
  checkOptions('numbersFrom', options ?? null, fromRules);
  checkValue('numbersFrom', 'name', options.name, aText);
  if (
    typeof items !== 'object' ||
    items === null ||
    !(Symbol.iterator in items || Symbol.asyncIterator in items)
  ) {
    throw new TypeError(`numbersFrom: expected an iterable of { shape, data }, got ${describe(items)}`);
  }
  const { name, limit = Number.POSITIVE_INFINITY, maxBytes } = options;
  const writer = createNumberWriter(name, maxBytes);
  let count = 0;
  try {
    for await (const item of items) {
      await writer.add(item);
      if (++count >= limit) break;
    }
    return await writer.finish();
  } catch (error) {
    await writer.discard();
    throw error;
  }
}
