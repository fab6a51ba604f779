import { isUrl } from '../folder/stores/address.js';
import type { ImageReader } from './image-reader.js';
import type { PixelData, RawImage } from './images.js';
import type { ImageFileLike, ImageInput } from './input.js';
import { checkBytes, type ImageLimits } from './limits.js';
import { isDataUrl } from './shown-name.js';

/** Reads images on a platform. */
export interface ImageCodec {
  /** Decodes an image to 8 bits and 1 to 4 channels, upright. @param signal ends a download. */
  read(input: Exclude<ImageInput, RawImage | PixelData>, signal?: AbortSignal): Promise<RawImage>;
}

/** Creates the codec of a platform. It reads every kind of `ImageInput` and enforces the limits. */
export function createCodec(reader: ImageReader, limits: ImageLimits): ImageCodec {
  return {
    async read(input, signal) {
      const read = isObject(input) ? reader.readObject(input, limits) : undefined;
      if (read) return read;
      const bytes = await bytesOf(reader, input, limits, signal);
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
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  if (input instanceof Uint8Array) return input;
  if (input instanceof ArrayBuffer) return new Uint8Array(input);
  if (typeof input === 'string' || isUrl(input)) {
    const text = String(input);
    const { bytesOfDataUrl, checkImageText } = await import('./image-text.js');
    if (isDataUrl(text)) return bytesOfDataUrl(text, limits);
    checkImageText(text);
    return readFile(input, limits, signal);
  }
  if (isObject(input) && 'arrayBuffer' in input && 'size' in input) {
    const blob = input as ImageFileLike;
    checkBytes(blob.size, limits);
    return new Uint8Array(await blob.arrayBuffer());
  }
  const { inputError } = await import('./input-error.js');
  throw inputError(input, objects);
}

function isObject(input: unknown): input is object {
  return typeof input === 'object' && input !== null;
}
