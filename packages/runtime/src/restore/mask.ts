import type { GlowConfig } from '@glow-onnx/flow/manifest';
import type { ImageCodec } from '../pictures/codec.js';
import type { FitRule, Fitted } from '../pictures/fits.js';
import { isSameSize } from '../pictures/fits.js';
import type { ImageInput } from '../pictures/input.js';
import type { PictureSize } from '../pictures/limits.js';
import { loadImage } from '../pictures/load-image.js';

/** From this value on, a pixel of a mask is light. */
const light = 128;

/** How the image of a mask was brought to its size, and the signal of the call. */
export interface MaskRule extends Pick<FitRule, 'fit'> {
  readonly size: PictureSize;
  readonly fitted: Fitted | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * Reads a mask: light pixels are unknown, dark pixels are known. Transparent pixels lie over white, as everywhere, so
 * they are unknown. A mask is brought to the size of its image in the same way, so both have to have one size.
 * @returns 1 for each unknown value of the image, channels × height × width.
 * @throws RangeError if the sizes differ, or if no pixel or every pixel is unknown.
 */
export async function loadMask(
  config: GlowConfig,
  codec: ImageCodec,
  mask: ImageInput,
  { size, fitted, fit, signal }: MaskRule,
  where: string,
): Promise<Float32Array> {
  const loaded = await loadImage({ ...config, channels: 1 }, codec, mask, { fit, size }, where, signal);
  const from = loaded.fitted?.from ?? loaded.image;
  const expected = fitted?.from ?? size;
  if (!isSameSize(from, expected)) {
    throw new RangeError(
      `${where} is ${from.height}×${from.width}, its image is ${expected.height}×${expected.width}; make both one size`,
    );
  }
  const { data } = loaded.image;
  const unknown = data.reduce((count, value) => count + Number(value >= light), 0);
  if (unknown === 0) throw new RangeError(`${where} has no light pixel: nothing is unknown`);
  if (unknown === data.length) {
    throw new RangeError(`${where} has light pixels alone: nothing is known; use sample to draw new images`);
  }
  const hole = new Float32Array(config.channels * data.length);
  for (let i = 0; i < hole.length; i++) hole[i] = Number((data[i % data.length] as number) >= light);
  return hole;
}

/** How far from a known pixel the pixels of a hole may lie for the hole to count as scattered. */
const scatteredWithin = 3;

/** Whether every unknown pixel is near a known one, as in scratches and noise. */
export function isScattered(hole: Float32Array, { height, width }: PictureSize): boolean {
  let plane = hole.slice(0, height * width);
  for (let round = 0; round < scatteredWithin; round++) {
    const shrunk = plane.slice();
    for (let i = 0; i < plane.length; i++) {
      const column = i % width;
      const open =
        (i >= width && plane[i - width] === 0) ||
        (i < (height - 1) * width && plane[i + width] === 0) ||
        (column > 0 && plane[i - 1] === 0) ||
        (column < width - 1 && plane[i + 1] === 0);
      if (open) shrunk[i] = 0;
    }
    plane = shrunk;
  }
  return !plane.includes(1);
}
