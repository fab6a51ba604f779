import { convertChannels } from '@glow-onnx/flow/pixels';
import type { PixelStore } from './pixel-store.js';

/**
 * Images of one size, as bytes 0 to 255 (not in model units). They are in memory or, if they need too much of it, in a
 * temporary file.
 */
export interface Dataset {
  /** Short name for the model card: the name of the folder or file. */
  readonly name: string;
  /** Number of images. */
  readonly count: number;
  /** 1 grey, 3 RGB. */
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
  /**
   * Copies images: indices.length × height × width × channels bytes, row-major.
   * @throws RangeError if an index is not from 0 to count − 1.
   * @example
   * const bytes = await data.batch([0, 1, 2]);
   */
  batch(indices: ArrayLike<number>): Promise<Uint8Array>;
  /**
   * Copies images one by one, in the form that `@glow-onnx/runtime` takes.
   * @throws RangeError if an index is not from 0 to count − 1.
   * @example
   * const latents = await glow.encode(await data.images([0, 1, 2]));
   */
  images(indices: ArrayLike<number>): Promise<DatasetImage[]>;
  /** The labels of the images, by the name of the attribute. Absent if the data has no labels. */
  readonly labels?: Readonly<Record<string, Labels>>;
  /** Files that could not be read and were skipped, each with a reason. */
  readonly skipped: readonly SkippedFile[];
  /**
   * Deletes the temporary file, if any. Do not use the dataset afterwards.
   * @example
   * await data.close();
   */
  close(): Promise<void>;
}

/** One image: height × width × channels bytes. */
export interface DatasetImage {
  readonly data: Uint8Array;
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
}

/** One attribute of every image: image i has `values[indices[i]]`. */
export interface Labels {
  readonly values: readonly string[];
  readonly indices: Uint16Array;
}

/** A file that was skipped, and why. */
export interface SkippedFile {
  readonly file: string;
  readonly reason: string;
}

export interface DatasetOptions {
  /**
   * Height and width of the images in pixels, 1 to 16384. Images of a folder are cropped about the centre to this
   * aspect ratio and resized; by default all must have the size of the first. Images of an IDX file are padded with
   * zeros, evenly on both sides; by default they stay as they are. Images of a sheet and of CIFAR-10 must have this
   * size.
   */
  readonly size?: { readonly height: number; readonly width: number };
  /**
   * 1 converts the images of a folder or of CIFAR-10 to grey, 3 to RGB. Default: 1 if all images are grey, else 3.
   * Images of an IDX file or a sheet must have this number of channels.
   */
  readonly channels?: 1 | 3;
  /** Takes this number of images, evenly spread over all images. A positive integer. Default: all. */
  readonly limit?: number;
  /**
   * The labels of a folder: a CSV file with a column `file_name`, which has paths in the folder, and a column for each
   * attribute. Default: metadata.csv in the folder, if it exists.
   */
  readonly labelFile?: string;
  /** Largest number of bytes in memory. More go to a temporary file. Default: a quarter of the available memory. */
  readonly maxBytes?: number;
  /** Called while a folder is read, with numbers of files. */
  readonly onProgress?: (done: number, total: number) => void;
  /** When it is aborted, reading ends with its reason as error. */
  readonly signal?: AbortSignal;
}

/** The result of a reader. `pixels` are height × width × `storedChannels`; a dataset converts them to `channels`. */
export interface LoadedImages {
  readonly name: string;
  readonly channels: 1 | 3;
  readonly storedChannels?: 1 | 3;
  readonly height: number;
  readonly width: number;
  readonly pixels: PixelStore;
  readonly labels?: Readonly<Record<string, Labels>>;
  readonly skipped?: readonly SkippedFile[];
}

export function createDataset(images: LoadedImages): Dataset {
  const { name, channels, storedChannels = channels, height, width, pixels, labels, skipped = [] } = images;
  const { count } = pixels;
  const batch = async (indices: ArrayLike<number>): Promise<Uint8Array> => {
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i];
      if (!Number.isInteger(index) || index < 0 || index >= count) {
        throw new RangeError(`data: an index of ${name} must be from 0 to ${count - 1}, got ${index}`);
      }
    }
    return convertChannels(await pixels.read(indices), storedChannels, channels);
  };
  return {
    name,
    count,
    channels,
    height,
    width,
    skipped,
    ...(labels && { labels }),
    batch,
    async images(indices) {
      const all = await batch(indices);
      const stride = height * width * channels;
      return Array.from({ length: indices.length }, (_, i) => ({
        data: all.subarray(i * stride, (i + 1) * stride),
        height,
        width,
        channels,
      }));
    },
    close: () => pixels.close(),
  };
}

/** Labels from a word for each image. The values are in alphabetical and numerical order. */
export function labelsFrom(words: readonly string[]): Labels {
  const values = [...new Set(words)].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const places = new Map(values.map((value, place) => [value, place]));
  return { values, indices: Uint16Array.from(words, (word) => places.get(word) as number) };
}

/**
 * Decides which images `limit` takes: evenly spread ones, so that a folder sorted by class keeps all its classes.
 * `pickEvenly(10, 4)` takes 0 2 5 7.
 * @throws RangeError unless limit is a positive integer.
 */
export function pickEvenly(count: number, limit = count): (index: number) => boolean {
  if (!Number.isInteger(limit) || limit < 1) {
    throw new RangeError(`data: limit must be a positive integer, got ${limit}`);
  }
  const taken = Math.min(count, limit);
  return (index) => {
    const nth = Math.ceil((index * taken) / count);
    return nth < taken && Math.floor((nth * count) / taken) === index;
  };
}
