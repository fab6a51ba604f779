import type { GlowConfig } from '@glow-onnx/flow/manifest';
import type { ImageCodec } from './codec.js';
import { type Fit, fitImage } from './fit.js';
import { checkRawImage, isPixels, type RawImage, withChannels } from './images.js';
import type { ImageInput } from './input.js';

/**
 * Loads a picture and brings it to what the model takes: its channels, and a size that divides if `fit` says how.
 * @param where the call and the image, which an error's message starts with.
 */
export async function loadImage(
  config: Pick<GlowConfig, 'channels' | 'levels' | 'height' | 'width'>,
  codec: ImageCodec,
  input: ImageInput,
  fit: Fit | undefined,
  where: string,
): Promise<RawImage> {
  const raw = withChannels(await load(input, codec, where), config.channels, where);
  return fitImage(raw, config, fit, where);
}

async function load(input: ImageInput, codec: ImageCodec, where: string): Promise<RawImage> {
  if (isPixels(input)) return checkRawImage(input, where);
  try {
    return await codec.read(input);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${where}: the picture cannot be read: ${reason}`, { cause });
  }
}
