import { BrokenImageError } from '../broken-image.js';
import type { RawImage } from '../images.js';
import type { Component, Frame } from './frame.js';
import { inverseDct } from './inverse-dct.js';
import { type Plane, upsampleRow } from './upsample.js';

/** Makes the image of the coefficients: one channel for one component, otherwise RGB. */
export function imageOf(frame: Frame, isRgb: boolean): RawImage {
  const { width, height, components } = frame;
  const planes = components.map((component) => planeOf(component, frame));
  const rows = components.map(() => new Uint8Array(width));
  const channels = components.length;
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    for (const [c, plane] of planes.entries()) upsampleRow(plane, y, rows[c] as Uint8Array);
    const to = data.subarray(y * width * channels, (y + 1) * width * channels);
    if (channels === 1) to.set(rows[0] as Uint8Array);
    else if (isRgb) for (const [c, row] of rows.entries()) row.forEach((value, x) => (to[3 * x + c] = value));
    else writeRgb(rows as [Uint8Array, Uint8Array, Uint8Array], to);
  }
  return { data, width, height, channels };
}

function planeOf({ coefficients, steps }: Component, { width, height, components }: Frame): Plane {
  if (!steps) throw new BrokenImageError('the JPEG lacks a quantisation table');
  const { values, stride: blocks, across, down } = coefficients;
  const stride = 8 * blocks;
  const samples = new Uint8ClampedArray(values.length);
  for (let y = 0; y < coefficients.height; y++) {
    for (let x = 0; x < coefficients.width; x++) {
      inverseDct(values, 64 * (y * blocks + x), steps, samples, 8 * (y * stride + x), stride);
    }
  }
  const most = {
    across: Math.max(...components.map((each) => each.coefficients.across)),
    down: Math.max(...components.map((each) => each.coefficients.down)),
  };
  return {
    samples,
    stride,
    width: Math.ceil((width * across) / most.across),
    height: Math.ceil((height * down) / most.down),
    across: most.across / across,
    down: most.down / down,
  };
}

/** The factors of ITU-T T.871 times 2¹⁶, rounded as in libjpeg-turbo (jdcolor.c). */
function writeRgb([y, cb, cr]: readonly [Uint8Array, Uint8Array, Uint8Array], to: Uint8Array): void {
  const clamped = new Uint8ClampedArray(to.buffer, to.byteOffset, to.length);
  for (let x = 0, at = 0; x < y.length; x++, at += 3) {
    const luma = y[x] as number;
    const blue = (cb[x] as number) - 128;
    const red = (cr[x] as number) - 128;
    clamped[at] = luma + ((91881 * red + 32768) >> 16);
    clamped[at + 1] = luma + ((-22554 * blue - 46802 * red + 32768) >> 16);
    clamped[at + 2] = luma + ((116130 * blue + 32768) >> 16);
  }
}
