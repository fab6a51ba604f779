import { convertChannels } from '@glow-onnx/flow/pixels';
import type { LeftOut } from '@glow-onnx/runtime/internal-node';
import type { FoundLabels, LabelFault, Labels } from './labels.js';
import type { PixelStore } from './pixel-store.js';

/** What data sets of images and of numbers have in common. */
export interface DataFacts {
  /** Short name for the model card: the name of the folder or file. */
  readonly name: string;
  /** Number of images, or of feature maps. */
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** The labels of the images, by the name of the attribute. Absent if the data has no labels. */
  readonly labels?: Readonly<Record<string, Labels>>;
  /** Labels that were found and cannot be used. An error only if they are asked for. */
  readonly labelFaults: readonly LabelFault[];
  /** Files that could not be read and were skipped, each with a reason. */
  readonly skipped: readonly SkippedFile[];
  /** Hidden entries, files of other kinds and links without an end in a folder of images, each with a reason. */
  readonly leftOut: readonly LeftOut[];
  /** The folder of images and the folders that its links lead to: absolute paths. Empty for other data. */
  readonly roots: readonly string[];
  /** sha256 of all pixels or numbers in their order, in hexadecimal digits: a resumed run needs the same. */
  readonly fingerprint: string;
  /**
   * Deletes the temporary file, if any. Do not use the dataset afterwards.
   * @example
   * await data.close();
   */
  close(): Promise<void>;
}

/**
 * Images of one size, as bytes 0 to 255 (not in model units). They are in memory or, if they need too much of it, in a
 * temporary file.
 */
export interface Dataset extends DataFacts {
  /** 1 grey, 3 RGB. */
  readonly channels: 1 | 3;
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
}

/** One image: height × width × channels bytes. */
export interface DatasetImage {
  readonly data: Uint8Array;
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
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
   * The `size` of a folder whose first image is higher or wider than this, if `size` is not given. Small images stay as
   * they are. Default: images of every size stay as they are.
   */
  readonly sizeOfLarge?: { readonly height: number; readonly width: number };
  /**
   * 1 converts the images of a folder or of CIFAR-10 to grey, 3 to RGB. Default: 1 if all images are grey, else 3.
   * Images of an IDX file or a sheet must have this number of channels.
   */
  readonly channels?: 1 | 3;
  /**
   * Size and channels of the images of a folder, where `size` and `channels` do not say it: those of a model that is
   * trained further. Other data keep their own.
   */
  readonly preferred?: {
    readonly size: { readonly height: number; readonly width: number };
    readonly channels: 1 | 3;
  };
  /** Takes this number of images, evenly spread over all images. A positive integer. Default: all. */
  readonly limit?: number;
  /**
   * The labels of a folder: a CSV file with a column `file_name`, which has paths in the folder, and a column for each
   * attribute. It must have a line for each image. Default: metadata.csv in the folder, if it exists and can be used.
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
export interface LoadedImages extends Partial<FoundLabels> {
  readonly name: string;
  readonly channels: 1 | 3;
  readonly storedChannels?: 1 | 3;
  readonly height: number;
  readonly width: number;
  readonly pixels: PixelStore;
  readonly skipped?: readonly SkippedFile[];
  readonly leftOut?: readonly LeftOut[];
  readonly roots?: readonly string[];
}

export function createDataset(images: LoadedImages): Dataset {
  const { name, channels, storedChannels = channels, height, width, pixels, labels } = images;
  const { labelFaults = [], skipped = [], leftOut = [], roots = [] } = images;
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
    labelFaults,
    skipped,
    leftOut,
    roots,
    fingerprint: pixels.sha256,
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
