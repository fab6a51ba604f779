import type { ImageReader } from './image-reader.js';
import type { PixelData, RawImage } from './images.js';
import type { ImageFileLike, ImageInput } from './input.js';
import { checkBytes, type ImageLimits } from './limits.js';

/** Reads images on a platform. */
export interface ImageCodec {
  /** Decodes an image to 8 bits and 1 to 4 channels, upright. */
  read(input: Exclude<ImageInput, RawImage | PixelData>): Promise<RawImage>;
}

/** Creates the codec of a platform. It reads every kind of `ImageInput` and enforces the limits. */
export function createCodec(reader: ImageReader, limits: ImageLimits): ImageCodec {
  return {
    async read(input) {
      const read = isObject(input) ? reader.readObject(input, limits) : undefined;
      if (read) return read;
      const bytes = await bytesOf(reader, input, limits);
      checkBytes(bytes.length, limits);
      // A page that reads no image files does not load the code for their formats.
      const { decodeFile } = await import('./decode-file.js');
      return decodeFile(reader, bytes, limits);
    },
  };
}

async function bytesOf(
  { readFile, objects }: ImageReader,
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
