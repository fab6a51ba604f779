import { boxAverager } from './average-boxes.js';
import type { RawImage } from './images.js';

/** A part of an image, in pixels. */
export interface Window {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The factor that is left to the kernel if boxes of pixels are averaged first. */
const leastScale = 2;

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
  const [left, right] = extent(across);
  const average = boxAverager(image, box, left, right - left);
  const row = window.width * channels;
  const data = new Uint8ClampedArray(window.height * row);
  // Rows of averages, as wide as the result. Only those under one kernel are kept.
  const kept = Math.max(...down.map(({ weights }) => weights.length));
  const narrow = Array.from({ length: kept }, () => new Float32Array(row));
  const sums = new Float64Array(row);
  let [next] = extent(down);
  for (const [y, { start, weights }] of down.entries()) {
    for (; next < start + weights.length; next++) {
      narrowRow(average(next), left, across, channels, narrow[next % kept] as Float32Array);
    }
    sums.fill(0);
    for (const [i, weight] of weights.entries())
      addRow(narrow[(start + i) % kept] as Float32Array, weight, sums);
    data.set(sums, y * row); // rounds and clamps
  }
  return { data: new Uint8Array(data.buffer), width: window.width, height: window.height, channels };
}

/** The part of the source that the kernels cover. */
function extent(list: readonly Kernel[]): [from: number, to: number] {
  return [
    Math.min(...list.map(({ start }) => start)),
    Math.max(...list.map(({ start, weights }) => start + weights.length)),
  ];
}

function narrowRow(
  source: Float32Array,
  left: number,
  across: readonly Kernel[],
  channels: number,
  to: Float32Array,
): void {
  for (let k = 0; k < across.length; k++) {
    const { start, weights } = across[k] as Kernel;
    const from = (start - left) * channels;
    if (channels === 3) weighRgb(source, from, weights, to, 3 * k);
    else for (let c = 0; c < channels; c++) to[k * channels + c] = weigh(source, from + c, weights, channels);
  }
}

function weigh(source: Float32Array, from: number, weights: Float64Array, channels: number): number {
  let sum = 0;
  for (let i = 0, at = from; i < weights.length; i++, at += channels) {
    sum += (weights[i] as number) * (source[at] as number);
  }
  return sum;
}

/** `weigh` of three channels at a time, which takes a third less time. */
function weighRgb(
  source: Float32Array,
  from: number,
  weights: Float64Array,
  to: Float32Array,
  place: number,
): void {
  let red = 0;
  let green = 0;
  let blue = 0;
  for (let i = 0, at = from; i < weights.length; i++, at += 3) {
    const weight = weights[i] as number;
    red += weight * (source[at] as number);
    green += weight * (source[at + 1] as number);
    blue += weight * (source[at + 2] as number);
  }
  to[place] = red;
  to[place + 1] = green;
  to[place + 2] = blue;
}

function addRow(row: Float32Array, weight: number, sums: Float64Array): void {
  for (let x = 0; x < sums.length; x++) sums[x] = (sums[x] as number) + weight * (row[x] as number);
}

function boxSide(from: number, to: number): number {
  return Math.max(Math.floor(from / to / leastScale), 1);
}

interface Kernel {
  /** The first source pixel. `weights` are for this pixel and the next ones. */
  readonly start: number;
  readonly weights: Float64Array;
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
    return { start, weights: weights.map((weight) => weight / sum) };
  });
}

function lanczos3(x: number): number {
  if (x === 0) return 1;
  if (Math.abs(x) >= 3) return 0;
  const angle = Math.PI * x;
  return (3 * Math.sin(angle) * Math.sin(angle / 3)) / angle ** 2;
}
