import type { FloatImage } from '@glow-onnx/runtime';
import type { DataFacts, Dataset } from './dataset.js';
import { createPixelWriter, type PixelStore } from './pixel-store.js';

/**
 * Feature maps of one shape: real numbers, without bins and noise. They are in memory or, if they need too much of it,
 * in a temporary file.
 */
export interface NumberDataset extends DataFacts {
  readonly kind: 'numbers';
  readonly channels: number;
  /**
   * Copies feature maps: indices.length × height × width × channels numbers, row-major.
   * @throws RangeError if an index is not from 0 to count − 1.
   * @example
   * const numbers = await data.batch([0, 1, 2]);
   */
  batch(indices: ArrayLike<number>): Promise<Float32Array>;
}

/** The data of a run. */
export type TrainingData = Dataset | NumberDataset;

export function isNumbers(data: TrainingData): data is NumberDataset {
  return 'kind' in data;
}

/** Collects feature maps, and checks that a density of them can be learned. */
export interface NumberWriter {
  /** @throws RangeError naming the item if it differs from the first in shape, or has a number that is not finite. */
  add(item: FloatImage): Promise<void>;
  /** @throws RangeError if there are no items, or if a channel has one value everywhere. */
  finish(): Promise<NumberDataset>;
  /** To be called instead of `finish` after an error. */
  discard(): Promise<void>;
}

/** @param maxBytes largest number of bytes in memory; default: a quarter of the available memory. */
export function createNumberWriter(name: string, maxBytes?: number): NumberWriter {
  let shape: FloatImage['shape'] | undefined;
  let pixels: ReturnType<typeof createPixelWriter> | undefined;
  let least = new Float32Array();
  let most = new Float32Array();
  let count = 0;

  return {
    async add(item) {
      shape ??= checkShape(name, item);
      const [channels, height, width] = shape;
      if (!pixels) {
        pixels = createPixelWriter(4 * channels * height * width, maxBytes);
        least = new Float32Array(channels).fill(Number.POSITIVE_INFINITY);
        most = new Float32Array(channels).fill(Number.NEGATIVE_INFINITY);
      }
      checkItem(`data: ${name}: item ${count}`, item, shape);
      const { data } = item;
      const last = new Float32Array(data.length);
      for (let c = 0, at = 0; c < channels; c++) {
        for (let place = 0; place < height * width; place++, at++) {
          const value = data[at];
          if (value < least[c]) least[c] = value;
          if (value > most[c]) most[c] = value;
          last[place * channels + c] = value;
        }
      }
      count++;
      await pixels.add(bytesOf(last), bytesOf(data));
    },
    async finish() {
      if (!shape || !pixels) throw new RangeError(`data: ${name} has no feature maps, expected at least two`);
      const constant = least.findIndex((value, c) => value === most[c]);
      if (constant >= 0) {
        throw new RangeError(
          `data: ${name}: channel ${constant} is ${least[constant]} everywhere, so it has no density; leave it out`,
        );
      }
      return createNumberDataset(name, shape, await pixels.finish());
    },
    discard: async () => pixels?.discard(),
  };
}

function createNumberDataset(
  name: string,
  [channels, height, width]: FloatImage['shape'],
  pixels: PixelStore,
): NumberDataset {
  const { count, sha256 } = pixels;
  return {
    kind: 'numbers',
    ...{ name, count, channels, height, width },
    ...{ labelFaults: [], skipped: [], leftOut: [], roots: [], fingerprint: sha256 },
    async batch(indices) {
      for (let i = 0; i < indices.length; i++) {
        const index = indices[i];
        if (Number.isInteger(index) && index >= 0 && index < count) continue;
        throw new RangeError(`data: an index of ${name} must be from 0 to ${count - 1}, got ${index}`);
      }
      const bytes = await pixels.read(indices);
      return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    },
    close: () => pixels.close(),
  };
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function checkShape(name: string, item: FloatImage): FloatImage['shape'] {
  const shape: unknown = item?.shape;
  const isExtent = (extent: unknown) => Number.isInteger(extent) && (extent as number) > 0;
  if (Array.isArray(shape) && shape.length === 3 && shape.every(isExtent)) return item.shape;
  throw new RangeError(
    `data: ${name}: item 0: expected { shape: [channels, height, width], data }, got the shape [${String(shape)}]`,
  );
}

function checkItem(where: string, { shape, data }: FloatImage, first: FloatImage['shape']): void {
  if (shape?.join() !== first.join()) {
    throw new RangeError(`${where} has the shape [${shape}]; expected that of the first, [${first}]`);
  }
  const size = first[0] * first[1] * first[2];
  if (!(data instanceof Float32Array) || data.length !== size) {
    const got = data instanceof Float32Array ? `${data.length} numbers` : typeof data;
    throw new RangeError(`${where}: expected a Float32Array of ${size} numbers, got ${got}`);
  }
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return;
  const channel = Math.floor(bad / (first[1] * first[2]));
  throw new RangeError(`${where} holds ${data[bad]} in channel ${channel}; expected finite numbers`);
}
