import { type PictureHeader, readHeader } from './header.js';
import type { PixelData, RawImage } from './images.js';
import type { ImageFileLike, ImageInput } from './input.js';
import { checkBytes, checkPixels, type ImageLimits } from './limits.js';

/** What a platform knows of pictures. */
export interface PictureReader {
  /** What `readObject` takes, for messages. */
  readonly objects: string;
  /** The file at a path or address. @throws RangeError rather than read more than the limit. */
  readFile(source: string | URL, limits: ImageLimits): Promise<Uint8Array>;
  /** Decodes to 8 bits and 1 to 4 channels, upright, as stored: no colour is converted. */
  decode(bytes: Uint8Array, header: PictureHeader, limits: ImageLimits): Promise<RawImage>;
  /** Pixels of an object of this platform; undefined if it is none. */
  readObject(input: object, limits: ImageLimits): Promise<RawImage> | undefined;
}

/** Reads pictures within limits. */
export interface ImageCodec {
  /** Decodes to 8 bits and 1 to 4 channels, upright. */
  read(input: Exclude<ImageInput, RawImage | PixelData>): Promise<RawImage>;
}

/** Reads pictures of any kind within limits, one way on every platform. */
export function createCodec(reader: PictureReader, limits: ImageLimits): ImageCodec {
  return {
    async read(input) {
      const read = isObject(input) ? reader.readObject(input, limits) : undefined;
      if (read) return read;
      const bytes = await bytesOf(reader, input, limits);
      checkBytes(bytes.length, limits);
      const header = readHeader(bytes);
      checkPixels(header, limits);
      return reader.decode(bytes, header, limits);
    },
  };
}

async function bytesOf(
  { readFile, objects }: PictureReader,
  input: Exclude<ImageInput, RawImage>,
  limits: ImageLimits,
): Promise<Uint8Array> {
  if (input instanceof Uint8Array) return input;
  if (input instanceof ArrayBuffer) return new Uint8Array(input);
  if (typeof input === 'string' || input instanceof URL) return readFile(input, limits);
  if (isObject(input) && 'arrayBuffer' in input) {
    const blob = input as ImageFileLike;
    checkBytes(blob.size, limits);
    return new Uint8Array(await blob.arrayBuffer());
  }
  throw new TypeError(
    'expected pixels ({ data: Uint8Array, width, height, channels } or ImageData), ' +
      `the bytes of a PNG, JPEG or WebP, ${objects}, got ${isObject(input) ? nameOf(input) : String(input)}`,
  );
}

function isObject(input: unknown): input is object {
  return typeof input === 'object' && input !== null;
}

function nameOf(input: object): string {
  return input.constructor?.name ?? 'an object';
}
