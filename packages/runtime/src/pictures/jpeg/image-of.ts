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
    interleave(rows, data, y * width * channels);
    if (channels === 3 && !isRgb) toRgb(data, y * width * channels, (y + 1) * width * channels);
  }
  return { data, width, height, channels };
}

function interleave(rows: readonly Uint8Array[], to: Uint8Array, from: number): void {
  for (const [c, row] of rows.entries()) {
    for (let x = 0, at = from + c; x < row.length; x++, at += rows.length) to[at] = row[x] as number;
  }
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

/** YCbCr → RGB in place. The factors are those of ITU-T T.871 times 2¹⁶, rounded as in libjpeg-turbo (jdcolor.c). */
function toRgb(data: Uint8Array, from: number, to: number): void {
  for (let at = from; at < to; at += 3) {
    const luma = data[at] as number;
    const blue = (data[at + 1] as number) - 128;
    const red = (data[at + 2] as number) - 128;
    data[at] = clamp(luma + ((91881 * red + 32768) >> 16));
    data[at + 1] = clamp(luma + ((-22554 * blue - 46802 * red + 32768) >> 16));
    data[at + 2] = clamp(luma + ((116130 * blue + 32768) >> 16));
  }
}

function clamp(value: number): number {
  return Math.max(0, Math.min(value, 255));
}
