import { convertChannels } from '@glow-onnx/flow/pixels';
import type { PixelStore } from './pixel-store.js';

/** Pictures of one size, as bytes 0…255 (never model units), in memory or, if larger, in a temporary file. */
export interface Dataset {
  /** Short name for the model card: the folder's or the file's. */
  readonly name: string;
  /** Number of images. */
  readonly count: number;
  /** 1 grey, 3 RGB. */
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
  /** Copies images out: indices.length × height × width × channels. @throws RangeError if an index is outside. */
  batch(indices: ArrayLike<number>): Promise<Uint8Array>;
  /** The same images one by one, in the form that `@glow-onnx/runtime` takes. */
  images(indices: ArrayLike<number>): Promise<DatasetImage[]>;
  /** Attribute name → its label per image, where the data has labels. */
  readonly labels?: Readonly<Record<string, Labels>>;
  /** Files that could not be read and were left out, for the caller to report. */
  readonly skipped: readonly SkippedFile[];
  /** Gives back the temporary file, if there is one. */
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

export interface SkippedFile {
  readonly file: string;
  readonly reason: string;
}

export interface DatasetOptions {
  /**
   * Height and width of the images in pixels. A folder's pictures are brought to it: cropped about the centre to
   * its aspect, then resized (default: the first picture's size, which all must have then). An IDX file's
   * are padded to it with zeros, evenly on both sides (default: as they are). A sheet's must have it already.
   */
  readonly size?: { readonly height: number; readonly width: number };
  /** 1 turns a folder's pictures grey, 3 grey ones to RGB (default: like the first picture). Others must have it. */
  readonly channels?: 1 | 3;
  /** Takes this many images, evenly spread over all there are. */
  readonly limit?: number;
  /**
   * A folder's labels: a CSV file whose column file_name has paths in the folder, and whose other columns are
   * attributes (default: metadata.csv in the folder, if there is one).
   */
  readonly labelFile?: string;
  /** Bytes of pixels held in memory; more go to a temporary file (default: a quarter of the memory available). */
  readonly maxBytes?: number;
  /** Called as a folder is read, which takes a while. */
  readonly onProgress?: (done: number, total: number) => void;
  /** When it fires, reading ends with its reason. */
  readonly signal?: AbortSignal;
}

/** What a reader hands over: `pixels` are of height × width × `storedChannels`, turned into `channels` when read. */
export interface Pictures {
  readonly name: string;
  readonly channels: 1 | 3;
  readonly storedChannels?: 1 | 3;
  readonly height: number;
  readonly width: number;
  readonly pixels: PixelStore;
  readonly labels?: Readonly<Record<string, Labels>>;
  readonly skipped?: readonly SkippedFile[];
}

/** Puts pictures behind the interface of a dataset. */
export function createDataset(pictures: Pictures): Dataset {
  const { name, channels, storedChannels = channels, height, width, pixels, labels, skipped = [] } = pictures;
  const { count } = pixels;
  const batch = async (indices: ArrayLike<number>): Promise<Uint8Array> => {
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i];
      if (!Number.isInteger(index) || index < 0 || index >= count) {
        throw new RangeError(`data: ${name} has images 0 to ${count - 1}, got index ${index}`);
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

/** Labels of images by their words, in the order of the words. */
export function labelsFrom(words: readonly string[]): Labels {
  const values = [...new Set(words)].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const places = new Map(values.map((value, place) => [value, place]));
  return { values, indices: Uint16Array.from(words, (word) => places.get(word) as number) };
}

/**
 * Whether `limit` takes an image: evenly spread, so that a folder sorted by class keeps all its classes.
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
