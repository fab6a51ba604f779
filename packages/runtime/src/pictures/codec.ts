import { messageOf } from '../message-of.js';
import { BrokenImageError } from './broken-image.js';
import { type ImageHeader, type LossyFormat, readHeader } from './header.js';
import type { PixelData, RawImage } from './images.js';
import type { Inflate } from './inflater.js';
import type { ImageFileLike, ImageInput } from './input.js';
import { readCoefficients } from './jpeg/decode-jpeg.js';
import { checkBytes, checkPixels, type ImageLimits } from './limits.js';
import { orient } from './orient.js';
import { pixelsOnly } from './pixels-only.js';
import { decodePng } from './png-decode.js';

/** The parts of reading an image that differ between platforms. */
export interface ImageReader {
  /** Names the objects that `readObject` takes, for error messages. */
  readonly objects: string;
  /** Reads the file at a path or address. @throws RangeError if the file is larger than the limit. */
  readFile(source: string | URL, limits: ImageLimits): Promise<Uint8Array>;
  /**
   * Decodes a JPEG or WebP without metadata to 8 bits and 1 to 4 channels, as its pixels are stored. PNGs do not come
   * here.
   * @throws TypeError if this platform cannot decode the format. Any other error means that the image is broken.
   */
  decode(bytes: Uint8Array<ArrayBuffer>, format: LossyFormat, limits: ImageLimits): Promise<RawImage>;
  readonly inflate: Inflate;
  /** Reads the pixels of an object of this platform; undefined if `input` is not such an object. */
  readObject(input: object, limits: ImageLimits): Promise<RawImage> | undefined;
}

/** Reads images on a platform. */
export interface ImageCodec {
  /** Decodes an image to 8 bits and 1 to 4 channels, upright. */
  read(input: Exclude<ImageInput, RawImage | PixelData>): Promise<RawImage>;
}

/** Creates the codec of a platform. It reads every kind of `ImageInput` and enforces the limits. */
export function createCodec(reader: ImageReader, limits: ImageLimits): ImageCodec {
  const decode = ({ format }: ImageHeader, bytes: Uint8Array) => {
    if (format === 'png') return decodePng(bytes, reader.inflate);
    const plain = pixelsOnly(bytes, format);
    if (format === 'jpeg') readCoefficients(plain); // refuses what some decoders repair
    return reader.decode(plain, format, limits).catch((cause) => {
      if (cause instanceof TypeError || cause instanceof BrokenImageError) throw cause;
      throw new BrokenImageError(`the ${format.toUpperCase()} cannot be decoded: ${messageOf(cause)}`, {
        cause,
      });
    });
  };
  return {
    async read(input) {
      const read = isObject(input) ? reader.readObject(input, limits) : undefined;
      if (read) return read;
      const bytes = await bytesOf(reader, input, limits);
      checkBytes(bytes.length, limits);
      const header = readHeader(bytes);
      checkPixels(header, limits);
      return orient(await decode(header, bytes), header.orientation);
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
