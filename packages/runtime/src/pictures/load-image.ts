import type { GlowConfig } from '@glow-onnx/flow/manifest';
import { messageOf } from '../message-of.js';
import type { ImageCodec } from './codec.js';
import { type FitRule, type FittedPixels, fitImage } from './fit.js';
import { checkRawImage, isPixels, type RawImage, withChannels } from './images.js';
import type { ImageInput } from './input.js';

/**
 * Loads an image, converts it to the channels of the model, and brings it to the size that `rule` gives.
 * @param where the call and the image, for the start of error messages.
 * @throws Error if the image cannot be read; TypeError or RangeError if its pixels, channels or size do not fit.
 */
export async function loadImage(
  config: Pick<GlowConfig, 'channels' | 'levels' | 'height' | 'width'>,
  codec: ImageCodec,
  input: ImageInput,
  rule: FitRule,
  where: string,
): Promise<FittedPixels> {
  const raw = withChannels(await load(input, codec, where), config.channels, where);
  return fitImage(raw, config, rule, where);
}

async function load(input: ImageInput, codec: ImageCodec, where: string): Promise<RawImage> {
  if (isPixels(input)) return checkRawImage(input, where);
  try {
    return await codec.read(input);
  } catch (cause) {
    throw new Error(`${where}: the image cannot be read: ${messageOf(cause)}`, { cause });
  }
}
