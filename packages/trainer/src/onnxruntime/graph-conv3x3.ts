import type { Padding } from '@glow-onnx/flow/internal';
import {
  add,
  concat,
  constant,
  gemm,
  mul,
  pad,
  permute,
  reduceSum,
  reshape,
  slice,
  type Value,
} from '@glow-onnx/graph';
import { type Extents, extents, pixels, sized, type TrainingValue } from './graph-image.js';

/** Moves an image by one pixel (`by` −1 or 1) along an axis, or not at all (0). */
export type Shift = (pixels: Value, by: number, axis: 'rows' | 'columns', size: Extents) => Value;

/** Pixel p of the result is the neighbour of p in that direction, or zero if the neighbour is outside the image. */
export function createShift(): Shift {
  const masks = new Map<string, Value>(); // one for each direction and size: each is as long as a row of pixels
  return (pixels, by, axis, { batch, height, width }) => {
    if (by === 0) return pixels;
    const distance = axis === 'rows' ? by * width : by;
    const key = [by, axis, batch, height, width].join();
    const mask = masks.get(key) ?? insideMask(by, axis, batch, height, width);
    masks.set(key, mask);
    return mul(pad(pixels, [0, -distance, 0, distance]), mask);
  };
}

/** 1 for pixels whose neighbour in that direction is inside the image, else 0. */
function insideMask(by: number, axis: string, batch: number, height: number, width: number): Value {
  const inside = Float64Array.from({ length: batch * height * width }, (_, pixel) => {
    const [place, extent] =
      axis === 'rows' ? [Math.floor(pixel / width) % height, height] : [pixel % width, width];
    return Number(place + by >= 0 && place + by < extent);
  });
  return constant([1, inside.length], inside);
}

const offsets = [-1, 0, 1];

/** The nine shifts of an image: channel c at tap t is row c·9 + t of the result, the order of a kernel's inputs. */
export function patches(x: TrainingValue, shift: Shift): Value {
  const size = extents(x);
  const { channels } = size;
  const total = pixels(size);
  const across = offsets.map((dx) => reshape(shift(x, dx, 'columns', size), [channels, 1, total]));
  const three = reshape(concat(across, 1), [3 * channels, total]);
  const down = offsets.map((dy) => reshape(shift(three, dy, 'rows', size), [channels, 1, 3, total]));
  return reshape(concat(down, 1), [9 * channels, total]);
}

/** Applies the nine taps of the kernel to every pixel by one matrix product, then shifts and adds the results. */
export function sumOfShifts(x: TrainingValue, kernel: Value, shift: Shift): TrainingValue {
  const size = extents(x);
  const [outputs] = kernel.shape as number[];
  const byTap = reshape(permute(kernel, [0, 2, 3, 1]), [9 * outputs, size.channels]);
  const total = pixels(size);
  const taps = reshape(gemm(byTap, x), [outputs, 3, 3 * total]);
  const part = (all: Value, at: number, extent: number) =>
    reshape(slice(all, 1, at, at + 1), [extent, total]);
  const sum = (terms: Value[]) => terms.reduce((a, b) => add(a, b));
  const across = sum(offsets.map((dy, at) => shift(part(taps, at, 3 * outputs), dy, 'rows', size)));
  const columns = reshape(across, [outputs, 3, total]);
  const y = sum(offsets.map((dx, at) => shift(part(columns, at, outputs), dx, 'columns', size)));
  return sized(y, x.size);
}

/** The part of a convolution from taps outside the image. Undefined for zero padding, which adds nothing. */
export function outsideTerm(x: TrainingValue, kernel: Value, padding: Padding): TrainingValue | undefined {
  if (padding === 'zeros') return undefined;
  const { height, width } = extents(x);
  const [outputs, inputs] = kernel.shape as number[];
  const seen = padding === 'border' ? slice(kernel, 1, inputs - 1, inputs) : kernel;
  const perTap = reshape(reduceSum(seen, [1]), [outputs, 9]);
  const outside = offsets.flatMap((dy) =>
    offsets.flatMap((dx) =>
      Array.from({ length: height * width }, (_, pixel) => {
        const [row, column] = [Math.floor(pixel / width) + dy, (pixel % width) + dx];
        return Number(row < 0 || row >= height || column < 0 || column >= width);
      }),
    ),
  );
  return sized(gemm(perTap, constant([9, height * width], outside)), { batch: 1, height, width });
}
