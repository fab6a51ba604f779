import type { Padding } from '@glow-onnx/flow/internal';
import { concat, constant, gemm, permute, reduceSum, reshape, slice, type Value } from '@glow-onnx/graph';
import { type Constant, gather, withAdjoint } from '@glow-onnx/graph/internal';
import { column, type Extents, extents, sized, type TrainingValue } from './graph-image.js';

const offsets = [-1, 0, 1];
/** In the order of a kernel's taps. */
const taps = offsets.flatMap((dy) => offsets.map((dx) => ({ dy, dx })));

/**
 * Places of the nine shifts of an image. Each shift moves the image by one pixel at most; what comes from outside is zero.
 * Places count the pixels of one channel after another.
 */
interface Shifts {
  /** For each place of the stack of shifts, one of the image. After those of its pixels, the image has a zero and a one. */
  readonly stack: Constant;
  /** For each shift, and each place of the image, the one of the stack that it went to, or one of zeros. */
  readonly collect: Constant;
}

/** How the shifts are used. */
type Use = 'product' | 'sum';

/**
 * `product`: tap t of pixel p is the neighbour of p in the direction of t; a channel has all its taps together, as in a
 * kernel [outputs, inputs, 3, 3], and after the last come a channel of ones and one of zeros. `sum`: the other way,
 * pixel p goes to its neighbour in the direction of t; a tap has all its channels together, and after the last comes a
 * channel of zeros.
 */
function computeShifts({ channels, height, width }: Extents, use: Use): Shifts {
  const size = height * width;
  const inside = (row: number, column: number) => row >= 0 && row < height && column >= 0 && column < width;
  const [zero, one] = [channels * size, channels * size + 1];
  const rows = 9 * channels + (use === 'product' ? 2 : 1);
  const stack = new Float64Array(rows * size).fill(zero);
  if (use === 'product') stack.fill(one, 9 * channels * size, (9 * channels + 1) * size);
  const collect = new Float64Array(9 * channels * size).fill((rows - 1) * size);
  for (const [tap, { dy, dx }] of taps.entries()) {
    for (let channel = 0; channel < channels; channel++) {
      // A sum goes the other way: pixel p of the stack belongs to its neighbour, which is a shift by the opposite tap.
      const shifted = use === 'product' ? 9 * channel + tap : (8 - tap) * channels + channel;
      for (let pixel = 0; pixel < size; pixel++) {
        const [row, column] = [Math.floor(pixel / width) + dy, (pixel % width) + dx];
        if (!inside(row, column)) continue;
        const neighbour = channel * size + row * width + column;
        stack[shifted * size + pixel] = neighbour;
        collect[tap * channels * size + neighbour] = shifted * size + pixel;
      }
    }
  }
  return {
    stack: constant([stack.length], stack, 'int64'),
    collect: constant([9, channels * size], collect, 'int64'),
  };
}

/** One object for all layers of a level, so that a graph holds it once: 8 bytes for each place. */
const known = new Map<string, Shifts>();

function shiftsOf(size: Extents, use: Use): Shifts {
  const key = [size.channels, size.height, size.width, use].join();
  const found = known.get(key) ?? computeShifts(size, use);
  known.set(key, found);
  return found;
}

/** The nine shifts of an image and then the channels of ones and zeros, one below the other: a matrix. */
function stacked(x: Value, shifts: Shifts, batch: number): Value {
  const edges = constant([2, batch], [...new Array(batch).fill(0), ...new Array(batch).fill(1)]);
  const all = gather(concat([reshape(x, [-1, batch]), edges], 0), shifts.stack);
  const stack = reshape(all, [-1, x.shape[1] as number]);
  return withAdjoint(stack, x, (dy) => collected(dy, shifts, batch));
}

/**
 * The transpose of `stacked`: adds up the nine shifts of each channel.
 * @param stack its last row must be zero: it stands for what comes from outside.
 */
function collected(stack: Value, shifts: Shifts, batch: number): Value {
  const shifted = gather(reshape(stack, [-1, batch]), shifts.collect);
  const y = reshape(reduceSum(shifted, [0]), [-1, stack.shape[1] as number]);
  return withAdjoint(y, stack, (dy) => stacked(dy, shifts, batch));
}

/** The kernel times the nine shifts of the image, stacked, and the bias times ones. */
export function productOfShifts(x: TrainingValue, kernel: Value, bias: Value): TrainingValue {
  const size = extents(x);
  const [outputs] = kernel.shape as number[];
  const shifts = shiftsOf(size, 'product');
  // The weights of the zeros are zero, so the last row of the stack's gradient is zero too.
  const unused = constant([outputs, 1], new Float64Array(outputs));
  const weights = concat([reshape(kernel, [outputs, 9 * size.channels]), column(bias), unused], 1);
  return sized(gemm(weights, stacked(x, shifts, size.batch)), x.size);
}

/** Applies the nine taps of the kernel to every pixel by one matrix product, then shifts and adds the results. */
export function sumOfShifts(x: TrainingValue, kernel: Value): TrainingValue {
  const size = extents(x);
  const [outputs] = kernel.shape as number[];
  const shifts = shiftsOf({ ...size, channels: outputs }, 'sum');
  const byTap = permute(reshape(kernel, [outputs * size.channels, 9]), [1, 0]);
  const unused = constant([1, size.channels], new Float64Array(size.channels));
  const stack = gemm(concat([reshape(byTap, [9 * outputs, size.channels]), unused], 0), x);
  return sized(collected(stack, shifts, size.batch), x.size);
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
