import type { Padding } from '@glow-onnx/flow/internal';
import {
  add,
  concat,
  constant,
  gemm,
  pad,
  permute,
  reduceSum,
  reshape,
  slice,
  type Value,
} from '@glow-onnx/graph';
import { expand } from '@glow-onnx/graph/internal';
import { column, type Extents, extents, pixels, sized, type TrainingValue } from './graph-image.js';

/**
 * Pixel p of the result is the neighbour of p in that direction (`by` −1 or 1; 0 is p itself), or zero if the neighbour
 * is outside the image. Pads lines of pixels: an image's rows lie one after the other, and so do the columns of a row.
 */
function shift(
  values: Value,
  by: number,
  axis: 'rows' | 'columns',
  { batch, height, width }: Extents,
): Value {
  if (by === 0) return values;
  const [line, step] = axis === 'rows' ? [height * width * batch, width * batch] : [width * batch, batch];
  const lines = reshape(values, [-1, line]);
  return reshape(pad(lines, [0, -by * step, 0, by * step]), values.shape as number[]);
}

const offsets = [-1, 0, 1];

/** The kernel times the nine shifts of the image, stacked; one more row of ones takes the bias. */
export function productOfShifts(x: TrainingValue, kernel: Value, bias: Value): TrainingValue {
  const size = extents(x);
  const [outputs] = kernel.shape as number[];
  const ones = expand(constant([1, 1], [1]), [1, pixels(size)]);
  const across = concat(
    offsets.map((dx) => shift(x, dx, 'columns', size)),
    0,
  );
  const patches = concat([...offsets.map((dy) => shift(across, dy, 'rows', size)), ones], 0);
  const byTap = reshape(permute(kernel, [0, 2, 3, 1]), [outputs, 9 * size.channels]);
  return sized(gemm(concat([byTap, column(bias)], 1), patches), x.size);
}

/** Applies the nine taps of the kernel to every pixel by one matrix product, then shifts and adds the results. */
export function sumOfShifts(x: TrainingValue, kernel: Value): TrainingValue {
  const size = extents(x);
  const [outputs] = kernel.shape as number[];
  const byTap = reshape(permute(kernel, [0, 2, 3, 1]), [9 * outputs, size.channels]);
  const sum = (values: Value, axis: 'rows' | 'columns') => {
    const [rows, total] = [(values.shape[0] as number) / outputs / 3, pixels(size)];
    const taps = reshape(values, [outputs, 3, rows * total]);
    return offsets
      .map((by, at) => shift(reshape(slice(taps, 1, at, at + 1), [outputs * rows, total]), by, axis, size))
      .reduce((a, b) => add(a, b));
  };
  return sized(sum(sum(gemm(byTap, x), 'rows'), 'columns'), x.size);
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
