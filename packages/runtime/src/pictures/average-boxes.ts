import type { RawImage } from './images.js';
import type { PictureSize } from './limits.js';

/** Rows whose sum fits into 16 bits. */
const rowsAtOnce = 256;

/**
 * Cuts an image into boxes and averages each, rounded. Boxes that reach over its right or lower edge have fewer pixels.
 * @param first, count the boxes of a row to average.
 * @returns a function that gives row y of the averages: as many values as the image has channels for each box.
 */
export function boxRows(
  { data, width, height, channels }: RawImage,
  box: PictureSize,
  first: number,
  count: number,
): (y: number) => Uint8Array {
  const left = first * box.width;
  const length = (Math.min(left + count * box.width, width) - left) * channels;
  const pixels = (row: number) => data.subarray((row * width + left) * channels).subarray(0, length);
  if (box.width === 1 && box.height === 1) return pixels;
  const sums = columnSums(length);
  return (y) => {
    const [top, bottom] = [y * box.height, Math.min((y + 1) * box.height, height)];
    sums.totals.fill(0);
    for (let from = top; from < bottom; from += rowsAtOnce) {
      for (let row = from; row < Math.min(from + rowsAtOnce, bottom); row++) sums.add(pixels(row));
      sums.flush();
    }
    return averageColumns(sums.totals, channels, box.width, bottom - top, count);
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
  count: number,
): Uint8Array {
  const averages = new Uint8Array(count * channels);
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
  return averages;
}
