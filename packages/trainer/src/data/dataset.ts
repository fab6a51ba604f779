/** Pictures of one size, all in memory, as bytes 0…255 (never model units). */
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
  batch(indices: ArrayLike<number>): Uint8Array;
  /** The same images one by one, in the form that `@glow-onnx/runtime` takes. */
  images(indices: ArrayLike<number>): DatasetImage[];
  /** Attribute name → its label per image, where the data has labels. */
  readonly labels?: Readonly<Record<string, Labels>>;
  /** Files that could not be read and were left out, for the caller to report. */
  readonly skipped: readonly SkippedFile[];
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
  readonly indices: Uint8Array;
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
  /** Called as a folder is read, which takes a while. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** What a reader hands over: `pixels` is count × height × width × channels. */
export interface Pictures {
  readonly name: string;
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
  readonly pixels: Uint8Array;
  readonly labels?: Readonly<Record<string, Labels>>;
  readonly skipped?: readonly SkippedFile[];
}

/** Bytes of pixels held at once; well below what one Uint8Array can hold in any supported Node. */
const maxBytes = 2 ** 32 - 1;

/** @throws RangeError if so many bytes of pixels are more than a dataset may hold. */
export function checkMemory(where: string, count: number, bytesPerImage: number): void {
  if (count * bytesPerImage <= maxBytes) return;
  throw new RangeError(
    `data: ${where} would take ${count} images of ${bytesPerImage} bytes, expected at most ${maxBytes} bytes ` +
      `together; pass --limit ${Math.floor(maxBytes / bytesPerImage)} or a smaller --size`,
  );
}

/** Puts pictures behind the interface of a dataset. */
export function createDataset(pictures: Pictures): Dataset {
  const { name, channels, height, width, pixels, labels, skipped = [] } = pictures;
  const stride = height * width * channels;
  const count = pixels.length / stride;
  const batch = (indices: ArrayLike<number>): Uint8Array => {
    const images = new Uint8Array(indices.length * stride);
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i] as number;
      if (!Number.isInteger(index) || index < 0 || index >= count) {
        throw new RangeError(`data: ${name} has images 0 to ${count - 1}, got index ${index}`);
      }
      images.set(pixels.subarray(index * stride, (index + 1) * stride), i * stride);
    }
    return images;
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
    images(indices) {
      const all = batch(indices);
      return Array.from({ length: indices.length }, (_, i) => ({
        data: all.subarray(i * stride, (i + 1) * stride),
        height,
        width,
        channels,
      }));
    },
  };
}

/**
 * Which images `limit` takes: evenly spread, so that a folder sorted by class keeps all its classes.
 * `pickEvenly(10, 4)` is 0 2 5 7.
 * @throws RangeError unless limit is a positive integer.
 */
export function pickEvenly(count: number, limit = count): Uint32Array {
  if (!Number.isInteger(limit) || limit < 1) {
    throw new RangeError(`data: limit must be a positive integer, got ${limit}`);
  }
  const taken = Math.min(count, limit);
  return Uint32Array.from({ length: taken }, (_, i) => Math.floor((i * count) / taken));
}
