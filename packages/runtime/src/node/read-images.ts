import type { GlowConfig } from '@glow-onnx/flow/manifest';
import { type ModelImage, toModel } from '../pictures/images.js';
import type { ImageInput } from '../pictures/input.js';
import { defaultImageLimits } from '../pictures/limits.js';
import { loadImage } from '../pictures/load-image.js';
import { nodeCodec } from './images.js';

/**
 * Reads images as a model of this config takes them: x at the centre of the bin of each value, channels first.
 * Images keep their sizes, which 2^levels must divide. Grey, RGB and transparency are converted.
 * @param images paths, bytes or pixels; at most 67 megapixels and 256 MiB each.
 * @returns for each image x as channels × height × width values between −½ and ½.
 * @throws Error that names the image if it cannot be read; RangeError if its channels or its size do not fit.
 * @example
 * const [{ x, height, width }] = await readImages(glow.config, ['face.png']);
 */
export async function readImages(config: GlowConfig, images: readonly ImageInput[]): Promise<ModelImage[]> {
  const codec = nodeCodec(defaultImageLimits);
  const read: ModelImage[] = [];
  for (const [i, image] of images.entries()) {
    const where = typeof image === 'string' ? `images: ${image}` : `images: images[${i}]`;
    const { image: pixels } = await loadImage(config, codec, image, { fit: 'none' }, where);
    read.push(toModel(pixels, config.bits, () => 0.5));
  }
  return read;
}
