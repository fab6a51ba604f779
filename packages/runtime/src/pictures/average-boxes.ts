import type { RawImage } from './images.js';
import type { Size } from './limits.js';

/** Rows whose sum fits into 16 bits. */
const rowsAtOnce = 256;

/**
 * Prepares to average the boxes into which an image is cut. Boxes that reach over its right or lower edge have fewer
 * pixels.
 * @param first, count the boxes of a row to average.
 * @returns a function that averages row y of the boxes, rounded. The next call overwrites its result: as many values
 *   as the image has channels for each box.
 */
export function boxAverager(
  { data, width, height, channels }: RawImage,
  box: Size,
  first: number,
  count: number,
): (y: number) => Uint8Array {
  const left = first * box.width;
  const length = (Math.min(left + count * box.width, width) - left) * channels;
  const sums = columnSums(length);
  const averages = new Uint8Array(count * channels);
  return (y) => {
    const rows = Math.min(box.height, height - y * box.height);
    sums.totals.fill(0);
    for (let i = 0; i < rows; i += rowsAtOnce) {
      for (let row = i; row < Math.min(i + rowsAtOnce, rows); row++) {
        const start = ((y * box.height + row) * width + left) * channels;
        sums.add(data.subarray(start, start + length));
      }
      sums.flush();
    }
    averageColumns(sums.totals, channels, box.width, rows, averages);
    return averages;
  };
}

/** Adds rows of bytes, four at a time: two in each half of a number, those at even places and those at odd ones. */
function columnSums(length: number) {
  const words = Math.ceil(length / 4);
  const row = new Uint8Array(4 * words);
  const row32 = new Int32Array(row.buffer);
  const even = new Int32Array(words);
  const odd = new Int32Array(words);
  const [even16, odd16] = [new Uint16Array(even.buffer), new Uint16Array(odd.buffer)];
  const totals = new Int32Array(length);
  return {
    totals,
    add(bytes: Uint8Array): void {
      row.set(bytes);
      for (let i = 0; i < words; i++) {
        const word = row32[i] as number;
        even[i] = (even[i] as number) + (word & 0x00ff00ff);
        odd[i] = (odd[i] as number) + ((word >>> 8) & 0x00ff00ff);
      }
    },
    /** Moves the sums to `totals`. */
    flush(): void {
      for (let x = 0; x < length; x++) {
        totals[x] = (totals[x] as number) + ((x & 1 ? odd16 : even16)[x >> 1] as number);
      }
      even.fill(0);
      odd.fill(0);
    },
  };
}

function averageColumns(
  totals: Int32Array,
  channels: number,
  boxWidth: number,
  rows: number,
  averages: Uint8Array,
): void {
  const step = boxWidth * channels;
  for (let from = 0, at = 0; from < totals.length; from += step) {
    const to = Math.min(from + step, totals.length);
    const share = channels / (rows * (to - from));
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let i = from + c; i < to; i += channels) sum += totals[i] as number;
      averages[at++] = Math.floor(sum * share + 0.5);
    }
  }
}
