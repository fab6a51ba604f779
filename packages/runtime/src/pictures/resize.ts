import { boxAverager } from './average-boxes.js';
import type { RawImage } from './images.js';
import type { Size } from './limits.js';

/** A part of an image, in pixels. */
export interface Window extends Size {
  readonly left: number;
  readonly top: number;
}

/** The factor that is left to the kernel if boxes of pixels are averaged first. */
const leastScale = 2;
/** Weights are integers, so that sums are exact: the weight 1 is 2²², as in Pillow. */
const fractionBits = 22;
const half = 1 << (fractionBits - 1);

/**
 * Resizes an image to width × height by the Lanczos kernel with three lobes: first along rows, then along columns.
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
  const row = window.width * channels;
  const data = new Uint8ClampedArray(window.height * row);
  const narrow = rowNarrower(image, box, across, row);
  // Rows as wide as the result. Only those under one kernel are kept.
  const kept = Math.max(...down.map(({ weights }) => weights.length));
  const rows = Array.from({ length: kept }, () => new Uint8ClampedArray(row));
  let [next] = extent(down);
  for (const [y, { start, weights }] of down.entries()) {
    for (; next < start + weights.length; next++) narrow(next, rows[next % kept] as Uint8ClampedArray);
    const under = Array.from(weights, (_, i) => rows[(start + i) % kept] as Uint8ClampedArray);
    weighRows(under, weights, data.subarray(y * row, (y + 1) * row));
  }
  return { data: new Uint8Array(data.buffer), width: window.width, height: window.height, channels };
}

/** Prepares to resize rows of the source, which are averaged in boxes if there are boxes. */
function rowNarrower(
  image: RawImage,
  box: Size,
  across: readonly Kernel[],
  length: number,
): (y: number, to: Uint8ClampedArray) => void {
  const { channels } = image;
  if (box.width === 1 && box.height === 1) {
    return (y, to) => narrowRow(image.data, y * image.width, across, channels, to);
  }
  const [left, right] = extent(across);
  const average = boxAverager(image, box, left, right - left);
  return (y, to) => narrowRow(average(y), -left, across, channels, to.subarray(0, length));
}

/** The part of the source that the kernels cover. */
function extent(list: readonly Kernel[]): [from: number, to: number] {
  return [
    Math.min(...list.map(({ start }) => start)),
    Math.max(...list.map(({ start, weights }) => start + weights.length)),
  ];
}

/** @param origin the place of the row's first pixel in `source`. */
function narrowRow(
  source: Uint8Array,
  origin: number,
  across: readonly Kernel[],
  channels: number,
  to: Uint8ClampedArray,
): void {
  for (let k = 0, at = 0; k < across.length; k++) {
    const { start, weights } = across[k] as Kernel;
    const from = (origin + start) * channels;
    for (let c = 0; c < channels; c++) {
      let sum = half;
      for (let i = 0, place = from + c; i < weights.length; i++, place += channels) {
        sum = (sum + Math.imul(weights[i] as number, source[place] as number)) | 0;
      }
      to[at++] = sum >> fractionBits;
    }
  }
}

function weighRows(rows: readonly Uint8ClampedArray[], weights: Int32Array, to: Uint8ClampedArray): void {
  const sums = new Int32Array(to.length).fill(half);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as Uint8ClampedArray;
    const weight = weights[i] as number;
    for (let x = 0; x < sums.length; x++)
      sums[x] = ((sums[x] as number) + Math.imul(weight, row[x] as number)) | 0;
  }
  for (let x = 0; x < sums.length; x++) to[x] = (sums[x] as number) >> fractionBits;
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
