import type { ImageHeader } from '../pictures/header.js';
import type { RawImage } from '../pictures/images.js';
import { orient } from '../pictures/orient.js';
import { decodePng } from '../pictures/png-decode.js';

/**
 * Decodes an image in JavaScript, for systems without sharp. PNGs are exact. JPEGs differ from other decoders by a few
 * levels of 255.
 * @throws Error if the image is a WebP, which needs sharp, or if its data are broken.
 */
export async function decodePurely(
  bytes: Uint8Array,
  { format, width, height, orientation }: ImageHeader,
): Promise<RawImage> {
  switch (format) {
    case 'png':
      return orient(await decodePng(bytes), orientation);
    case 'jpeg': {
      const { decode } = (await import('jpeg-js')).default;
      const megabytes = 64 + (width * height * 32) / 2 ** 20; // jpeg-js holds several copies of an image
      const options = { useTArray: true, formatAsRGBA: false, maxMemoryUsageInMB: megabytes } as const;
      const { data } = decode(bytes, { ...options, maxResolutionInMP: Infinity, tolerantDecoding: false });
      return orient({ data, width, height, channels: 3 }, orientation);
    }
    case 'webp':
      throw new Error('a WebP needs sharp, which cannot be loaded; install it with: npm install sharp');
    default:
      throw format satisfies never;
  }
}
