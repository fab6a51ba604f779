import type { RawImage } from './images.js';

/**
 * Averages row y of the boxes into which an image is cut. Boxes that reach over its right or lower edge have fewer
 * pixels.
 * @param box in pixels. With 1×1 the averages are the pixels.
 * @param to takes the averages: as many channels as the image has for each box of the row.
 */
export function averageBoxes(
  { data, width, height, channels }: RawImage,
  box: { readonly width: number; readonly height: number },
  y: number,
  to: Float32Array,
): void {
  const stride = width * channels;
  const rows = Math.min(box.height, height - y * box.height);
  const first = data.subarray(y * box.height * stride, (y * box.height + 1) * stride);
  if (box.width === 1 && box.height === 1) {
    to.set(first);
    return;
  }
  const sums = Uint32Array.from(first);
  for (let i = 1; i < rows; i++) {
    const start = (y * box.height + i) * stride;
    for (let x = 0; x < stride; x++) sums[x] = (sums[x] as number) + (data[start + x] as number);
  }
  for (let x = 0, at = 0; x < width; x += box.width) {
    const columns = Math.min(box.width, width - x);
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let i = 0, from = x * channels + c; i < columns; i++, from += channels)
        sum += sums[from] as number;
      to[at++] = sum / (rows * columns);
    }
  }
}
