import type { RawImage } from '../images.js';
import type { PictureSize } from '../limits.js';
import { type Plane, upsampleRow } from './upsample.js';

/** Makes the image of its planes: one channel for one plane, otherwise RGB. */
export function imageOf({ width, height }: PictureSize, planes: readonly Plane[], isRgb: boolean): RawImage {
  const rows = planes.map(() => new Uint8Array(width));
  const channels = planes.length;
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
