import type { PictureHeader } from '../pictures/header.js';
import type { RawImage } from '../pictures/images.js';
import { orient } from '../pictures/orient.js';
import { decodePng } from '../pictures/png-decode.js';

/**
 * Decodes without native code. JPEGs come out a few levels beside those of other decoders.
 * @throws Error if the format needs sharp, or the data are broken.
 */
export async function decodePurely(
  bytes: Uint8Array,
  { format, width, height, orientation }: PictureHeader,
): Promise<RawImage> {
  switch (format) {
    case 'png':
      return orient(await decodePng(bytes), orientation);
    case 'jpeg': {
      const { decode } = (await import('jpeg-js')).default;
      const megabytes = 64 + (width * height * 32) / 2 ** 20; // it holds a picture several times over
      const options = { useTArray: true, formatAsRGBA: false, maxMemoryUsageInMB: megabytes } as const;
      const { data } = decode(bytes, { ...options, maxResolutionInMP: Infinity, tolerantDecoding: false });
      return orient({ data, width, height, channels: 3 }, orientation);
    }
    case 'webp':
      throw new Error(
        'a WebP is decoded by sharp, which cannot be loaded; install it with: npm install sharp',
      );
    default:
      throw format satisfies never;
  }
}
