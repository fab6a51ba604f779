import type { RawImage } from './images.js';

/** In pixels. */
interface Box {
  readonly width: number;
  readonly height: number;
}

/**
 * Prepares to average the boxes into which an image is cut. Boxes that reach over its right or lower edge have fewer
 * pixels. With boxes of 1×1 the averages are the pixels.
 * @param first, count the boxes of a row to average.
 * @returns a function that averages row y of the boxes. The next call overwrites its result: as many values as the
 *   image has channels for each box.
 */
export function boxAverager(
  { data, width, height, channels }: RawImage,
  box: Box,
  first: number,
  count: number,
): (y: number) => Float32Array {
  const left = first * box.width;
  const right = Math.min(left + count * box.width, width);
  const values = (right - left) * channels;
  const sums = new Uint32Array(values);
  const averages = new Float32Array(count * channels);
  return (y) => {
    const rows = Math.min(box.height, height - y * box.height);
    for (let i = 0; i < rows; i++) {
      const start = ((y * box.height + i) * width + left) * channels;
      if (i === 0) sums.set(data.subarray(start, start + values));
      else for (let x = 0; x < values; x++) sums[x] = (sums[x] as number) + (data[start + x] as number);
    }
    if (box.width === 1 && rows === 1) averages.set(sums);
    else averageColumns(sums, channels, box.width, rows, averages);
    return averages;
  };
}

function averageColumns(
  sums: Uint32Array,
  channels: number,
  boxWidth: number,
  rows: number,
  averages: Float32Array,
): void {
  const step = boxWidth * channels;
  for (let from = 0, at = 0; from < sums.length; from += step) {
    const to = Math.min(from + step, sums.length);
    const share = channels / (rows * (to - from));
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let i = from + c; i < to; i += channels) sum += sums[i] as number;
      averages[at++] = sum * share;
    }
  }
}
