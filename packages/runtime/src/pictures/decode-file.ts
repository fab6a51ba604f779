import { messageOf } from '../message-of.js';
import { BrokenImageError } from './broken-image.js';
import { type ImageHeader, readHeader } from './header.js';
import type { ImageReader } from './image-reader.js';
import type { RawImage } from './images.js';
import { readCoefficients } from './jpeg/decode-jpeg.js';
import { checkPixels, type ImageLimits } from './limits.js';
import { orient } from './orient.js';
import { pixelsOnly } from './pixels-only.js';
import { decodePng } from './png-decode.js';
import { UnsupportedImageError } from './unsupported-image.js';

/**
 * Decodes the bytes of an image file to 8 bits and 1 to 4 channels, upright. The whole file is checked before a decoder
 * sees it.
 * @throws TypeError if the format is not supported here; RangeError beyond a limit; BrokenImageError.
 */
export async function decodeFile(
  reader: Pick<ImageReader, 'decode' | 'inflate'>,
  bytes: Uint8Array,
  limits: ImageLimits,
): Promise<RawImage> {
  const header = readHeader(bytes);
  checkPixels(header, limits);
  return orient(await decode(reader, header, bytes, limits), header.orientation);
}

async function decode(
  reader: Pick<ImageReader, 'decode' | 'inflate'>,
  { format }: ImageHeader,
  bytes: Uint8Array,
  limits: ImageLimits,
): Promise<RawImage> {
  try {
    if (format === 'png') return await decodePng(bytes, reader.inflate);
    const plain = pixelsOnly(bytes, format);
    if (format === 'jpeg') readCoefficients(plain); // refuses what some decoders repair
    return await reader.decode(plain, format, limits);
  } catch (cause) {
    if (cause instanceof UnsupportedImageError || cause instanceof BrokenImageError) throw cause;
    throw new BrokenImageError(`the ${format.toUpperCase()} cannot be decoded: ${messageOf(cause)}`, {
      cause,
    });
  }
}
