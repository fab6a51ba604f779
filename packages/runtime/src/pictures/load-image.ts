import type { GlowConfig } from '@glow-onnx/flow/manifest';
import { messageOf } from '../message-of.js';
import { once } from '../once.js';
import type { ImageCodec } from './codec.js';
import type { FitRule, FittedPixels } from './fits.js';
import { checkRawImage, isPixels, type RawImage, withChannels } from './images.js';
import type { ImageInput } from './input.js';

/** A page that shows models alone does not load it. To import a module again takes longer than to fit a small image. */
const fitting = /* @__PURE__ */ once(() => import('./fit.js'));

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
  signal?: AbortSignal,
): Promise<FittedPixels> {
  const raw = withChannels(await load(input, codec, where, signal), config.channels, where);
  const { fitImage } = await fitting();
  return fitImage(raw, config, rule, where);
}

async function load(
  input: ImageInput,
  codec: ImageCodec,
  where: string,
  signal: AbortSignal | undefined,
): Promise<RawImage> {
  if (isPixels(input)) return checkRawImage(input, where);
  try {
    return await codec.read(input, signal);
  } catch (cause) {
    const Fault = cause instanceof TypeError ? TypeError : Error;
    throw new Fault(`${where}: the image cannot be read: ${messageOf(cause)}`, { cause });
  }
}
