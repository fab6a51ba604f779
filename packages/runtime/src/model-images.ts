import type { GlowConfig } from '@glow-onnx/flow/manifest';
import { type Fit, fitImage } from './fit.js';
import type { EncodeItem } from './graphs.js';
import {
  checkRawImage,
  type ImageCodec,
  type ImageInput,
  type RawImage,
  toModel,
  withChannels,
} from './images.js';
import { type Label, labelsFor } from './labels.js';

export interface EncodeOptions {
  /** What to do with a picture whose size 2^levels does not divide; an error unless given. */
  readonly fit?: Fit;
  /** Class-conditional models only, and there required: one class for all images, or one each. */
  readonly label?: Label;
}

export interface ModelImagesRequest {
  readonly images: readonly ImageInput[];
  readonly options: EncodeOptions;
  /** How often each image is wanted, one after another. */
  readonly draws: number;
  /** The source of u for all draws of the image at this place in the call. */
  readonly startDraws: (image: number) => () => number;
  /** The call, which an error's message starts with. */
  readonly where: string;
}

/** Loads pictures one by one, as they are asked for, and gives them as the flow sees them. */
export async function* modelImages(
  config: GlowConfig,
  codec: ImageCodec,
  { images, options, draws, startDraws, where }: ModelImagesRequest,
): AsyncGenerator<EncodeItem> {
  const labels = labelsFor(config, options.label, images.length, where);
  for (const [image, input] of images.entries()) {
    const here = `${where}${describe(input, image, images.length)}`;
    const raw = withChannels(await load(input, codec, here), config.channels, here);
    const fitted = await fitImage(raw, config.levels, options.fit, codec, here);
    const nextU = startDraws(image);
    for (let draw = 0; draw < draws; draw++) {
      yield { ...toModel(fitted, config.bits, nextU), image, label: labels?.[image] };
    }
  }
}

async function load(input: ImageInput, codec: ImageCodec, where: string): Promise<RawImage> {
  if (typeof input !== 'string' && !(input instanceof Uint8Array)) return checkRawImage(input, where);
  try {
    return await codec.read(input);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${where}: the picture cannot be read: ${reason}`, { cause });
  }
}

function describe(input: ImageInput, image: number, count: number): string {
  if (typeof input === 'string') return `: ${input}`;
  return count > 1 ? `: images[${image}]` : '';
}
