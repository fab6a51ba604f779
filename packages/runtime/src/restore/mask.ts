import type { GlowConfig } from '@glow-onnx/flow/manifest';
import type { ImageCodec } from '../pictures/codec.js';
import { coveredBy } from '../pictures/fit.js';
import type { Fitted } from '../pictures/fits.js';
import { isSameSize } from '../pictures/fits.js';
import type { ImageInput } from '../pictures/input.js';
import type { PictureSize } from '../pictures/limits.js';
import { loadImage } from '../pictures/load-image.js';

/** From this value on, a pixel of a mask is light. */
const light = 128;

/** How the image of a mask was brought to its size, and the signal of the call. */
export interface MaskRule {
  readonly size: PictureSize;
  readonly fitted: Fitted | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * Reads a mask: light pixels are unknown, dark pixels are known. Transparent pixels lie over white, as everywhere, so
 * they are unknown. A mask has the size of its image before that is brought to another; a pixel that the model sees is then
 * unknown if any part of it was.
 * @returns 1 for each unknown value of the image, channels × height × width.
 * @throws RangeError if the sizes differ, or if no pixel or every pixel that the model sees is unknown.
 */
export async function loadMask(
  config: GlowConfig,
  codec: ImageCodec,
  mask: ImageInput,
  { size, fitted, signal }: MaskRule,
  where: string,
): Promise<Float32Array> {
  const asItIs = { ...config, channels: 1, levels: 0 };
  const { image: from } = await loadImage(asItIs, codec, mask, { fit: 'none' }, where, signal);
  const expected = fitted?.from ?? size;
  if (!isSameSize(from, expected)) {
    throw new RangeError(
      `${where} is ${from.height}×${from.width}, its image is ${expected.height}×${expected.width}; make both one size`,
    );
  }
  const whole = Uint8Array.from(from.data, (value) => Number(value >= light));
  const plane = fitted ? coveredBy(fitted, whole) : whole;
  const unknown = plane.reduce((count, value) => count + value, 0);
  if (unknown === 0) {
    const outside = whole.includes(1) ? ' that the model sees' : '';
    throw new RangeError(`${where} has no light pixel${outside}: nothing is unknown`);
  }
  if (unknown === plane.length) {
    const why = whole.includes(0)
      ? `leaves no pixel of the ${size.height}×${size.width} that the model sees wholly dark`
      : 'has light pixels alone';
    throw new RangeError(`${where} ${why}: nothing is known; use sample to draw new images`);
  }
  const hole = new Float32Array(config.channels * plane.length);
  for (let c = 0; c < config.channels; c++) hole.set(plane, c * plane.length);
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
