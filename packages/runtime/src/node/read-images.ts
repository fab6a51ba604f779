import type { GlowConfig } from '@glow-onnx/flow/manifest';
import { type ModelImage, toModel } from '../pictures/images.js';
import type { ImageInput } from '../pictures/input.js';
import { defaultImageLimits } from '../pictures/limits.js';
import { loadImage } from '../pictures/load-image.js';
import { nodeCodec } from './images.js';

/**
 * Pictures as a model of this config sees them: the centres of their pixels' bins, channels first.
 * @throws Error naming a picture that cannot be read, or whose channels or size do not fit.
 */
export async function readImages(config: GlowConfig, images: readonly ImageInput[]): Promise<ModelImage[]> {
  const codec = nodeCodec(defaultImageLimits);
  const read: ModelImage[] = [];
  for (const [i, image] of images.entries()) {
    const where = typeof image === 'string' ? `images: ${image}` : `images: images[${i}]`;
    read.push(toModel(await loadImage(config, codec, image, undefined, where), config.bits, () => 0.5));
  }
  return read;
}
