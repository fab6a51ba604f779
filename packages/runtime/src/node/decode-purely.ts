import type { LossyFormat } from '../pictures/header.js';
import type { RawImage } from '../pictures/images.js';
import { decodeJpeg } from '../pictures/jpeg/decode-jpeg.js';
import { UnsupportedImageError } from '../pictures/unsupported-image.js';

/**
 * Decodes an image in JavaScript, for systems without sharp. A JPEG gives the same pixels as with sharp.
 * @throws TypeError if the image is a WebP, which needs sharp; BrokenImageError if its data are broken.
 */
export async function decodePurely(bytes: Uint8Array, format: LossyFormat): Promise<RawImage> {
  if (format === 'jpeg') return decodeJpeg(bytes);
  throw new UnsupportedImageError(
    'a WebP needs sharp, which cannot be loaded; install it with: npm install sharp',
  );
}
