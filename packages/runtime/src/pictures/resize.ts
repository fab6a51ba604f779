import { boxRows } from './average-boxes.js';
import type { RawImage } from './images.js';
import type { PictureSize } from './limits.js';

/** A part of an image, in pixels. */
export interface Window extends PictureSize {
  readonly left: number;
  readonly top: number;
}

/** The factor that is left to the kernel if boxes of pixels are averaged first. */
const leastScale = 2;
/** Weights are integers, so that sums are exact: the weight 1 is 2²², as in Pillow. */
const fractionBits = 22;
const half = 1 << (fractionBits - 1);

/**
 * Resizes an image to width × height by the Lanczos kernel with three lobes: first along columns, then along rows.
 * When the image shrinks, the kernel is widened by the same factor, which avoids aliasing. A side that shrinks by four
 * or more is averaged in boxes first, until a factor of two to three is left: this is several times faster. Outside the
 * image the edge pixels repeat. Training and all platforms use this one definition, so that a model gets the same
 * pixels everywhere.
 * @param window the part of the result to compute; default: all. It may be small where width × height is huge.
 * Source: Duchon 1979; widened as in Pillow and libvips; boxes as in libvips, whose `gap` is 2 too.
 */
export function resize(
  image: RawImage,
  width: number,
  height: number,
  window: Window = { left: 0, top: 0, width, height },
): RawImage {
  const { channels } = image;
  const box = { width: boxSide(image.width, width), height: boxSide(image.height, height) };
  const across = kernels(image.width / box.width, width, window.left, window.width);
  const down = kernels(image.height / box.height, height, window.top, window.height);
  const [left, right] = extent(across);
  const rowAt = boxRows(image, box, left, right - left);
  const kept = down.reduce((most, { weights }) => Math.max(most, weights.length), 0);
  const rows: Uint8Array[] = []; // the rows under one kernel
  const wide = new Uint8ClampedArray((right - left) * channels);
  const data = new Uint8ClampedArray(window.width * window.height * channels);
  let [next] = extent(down);
  for (const [y, { start, weights }] of down.entries()) {
    for (; next < start + weights.length; next++) rows[next % kept] = rowAt(next);
    const under = Array.from(weights, (_, i) => rows[(start + i) % kept] as Uint8Array);
    weighRows(under, weights, wide);
    weighColumns(wide, left, across, channels, data.subarray(y * window.width * channels));
  }
  return { data: new Uint8Array(data.buffer), width: window.width, height: window.height, channels };
}

/** The part of the source that the kernels cover. */
function extent(list: readonly Kernel[]): [from: number, to: number] {
  const [first, last] = [list[0] as Kernel, list.at(-1) as Kernel];
  return [first.start, last.start + last.weights.length];
}

function weighRows(rows: readonly Uint8Array[], weights: Int32Array, to: Uint8ClampedArray): void {
  const sums = new Int32Array(to.length).fill(half);
  const one = rows[0] as Uint8Array;
  // Four rows at a time, so that each sum is read and written less often. A row that is missing has the weight 0.
  for (let i = 0; i < rows.length; i += 4) {
    const [a, b, c, d] = [rows[i] ?? one, rows[i + 1] ?? one, rows[i + 2] ?? one, rows[i + 3] ?? one];
    const [wa, wb, wc, wd] = [weights[i] ?? 0, weights[i + 1] ?? 0, weights[i + 2] ?? 0, weights[i + 3] ?? 0];
    for (let x = 0; x < sums.length; x++) {
      const upper = Math.imul(wa, a[x] as number) + Math.imul(wb, b[x] as number);
      const lower = Math.imul(wc, c[x] as number) + Math.imul(wd, d[x] as number);
      sums[x] = ((sums[x] as number) + upper + lower) | 0;
    }
  }
  for (let x = 0; x < sums.length; x++) to[x] = (sums[x] as number) >> fractionBits;
}

function weighColumns(
  source: Uint8ClampedArray,
  left: number,
  across: readonly Kernel[],
  channels: number,
  to: Uint8ClampedArray,
): void {
  for (let k = 0, at = 0; k < across.length; k++) {
    const { start, weights } = across[k] as Kernel;
    for (let c = 0; c < channels; c++) {
      let sum = half;
      for (let i = 0, from = (start - left) * channels + c; i < weights.length; i++, from += channels) {
        sum = (sum + Math.imul(weights[i] as number, source[from] as number)) | 0;
      }
      to[at++] = sum >> fractionBits;
    }
  }
}

function boxSide(from: number, to: number): number {
  return Math.max(Math.floor(from / to / leastScale), 1);
}

interface Kernel {
  /** The first source pixel. `weights` are for this pixel and the next ones. */
  readonly start: number;
  readonly weights: Int32Array;
}

/**
 * The kernels of `count` of the `to` target pixels, from `first` on, over the source.
 * @param from length of the source. It has a fraction if the last box is cut off.
 */
function kernels(from: number, to: number, first: number, count: number): Kernel[] {
  const scale = Math.max(from / to, 1);
  const reach = 3 * scale;
  const last = Math.ceil(from) - 1;
  return Array.from({ length: count }, (_, i) => {
    const centre = ((first + i + 0.5) * from) / to - 0.5;
    const [begin, end] = [Math.ceil(centre - reach), Math.floor(centre + reach)];
    const start = Math.min(Math.max(begin, 0), last);
    const weights = new Float64Array(Math.max(Math.min(end, last) - start, 0) + 1);
    let sum = 0;
    for (let at = begin; at <= end; at++) {
      const weight = lanczos3((at - centre) / scale);
      const inside = Math.min(Math.max(at, 0), last) - start;
      weights[inside] = (weights[inside] as number) + weight;
      sum += weight;
    }
    return {
      start,
      weights: Int32Array.from(weights, (weight) => Math.round((weight / sum) * 2 ** fractionBits)),
    };
  });
}

function lanczos3(x: number): number {
  if (x === 0) return 1;
  if (Math.abs(x) >= 3) return 0;
  const angle = Math.PI * x;
  return (3 * Math.sin(angle) * Math.sin(angle / 3)) / angle ** 2;
}
