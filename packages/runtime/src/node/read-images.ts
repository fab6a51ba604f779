import type { GlowConfig } from '@glow-onnx/flow/manifest';
import type { ImageInput, ModelImage } from '../images.js';
import { modelImages } from '../model-images.js';
import { sharpCodec } from './images.js';

/**
 * Pictures as a model of this config sees them: the centres of their pixels' bins, channels first.
 * @throws Error naming a picture that cannot be read, or whose channels or size do not fit.
 */
export async function readImages(config: GlowConfig, images: readonly ImageInput[]): Promise<ModelImage[]> {
  // Labels are the caller's: they are no part of x.
  const request = { images, options: {}, draws: 1, startDraws: () => () => 0.5, where: 'images' };
  const read: ModelImage[] = [];
  for await (const { x, height, width } of modelImages(
    { ...config, classes: 0 },
    sharpCodec(2 ** 26),
    request,
  )) {
    read.push({ x, height, width });
  }
  return read;
}
