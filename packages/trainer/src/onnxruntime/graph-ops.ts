import { type Float64Tensor, float64Ops, type Named, type Ops, tensor } from '@glow-onnx/flow';
import { inverse, logAbsDet, type Padding } from '@glow-onnx/flow/internal';
import {
  add,
  concat,
  constant,
  exp,
  gemm,
  input,
  log,
  mul,
  neg,
  pad,
  permute,
  reduceMean,
  reduceSum,
  relu,
  reshape,
  scalar,
  sigmoid,
  slice,
  sqrt,
  sub,
  tanh,
  type Value,
} from '@glow-onnx/graph';
import { softplus } from '@glow-onnx/graph/internal';

/**
 * A weight with its own shape, or an image [channels, batch·height·width]: every 1×1 convolution and both of its
 * gradients are then single large matrix products.
 */
export type TrainingValue = Value & { readonly size?: Size };

interface Size {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
}

/**
 * Inputs that the host computes in float64 from the parameters before each step, because ONNX has no inverse: by
 * name in `inputs`, and by the same names what `compute` gives.
 */
export interface HostValues {
  /** The parameters that it asks for. */
  readonly needs: readonly string[];
  readonly inputs: Readonly<Record<string, Value>>;
  compute(parameter: (name: string) => Float64Tensor): Named<Float64Tensor>;
}

/**
 * Values of an ONNX graph as an interpreter of layers: weights are inputs, so that the graph can be differentiated
 * with respect to them. All shapes are numbers.
 */
export function createGraphOps(host: HostValues[]): Ops<TrainingValue> {
  const shift = createShift();
  const ops: Ops<TrainingValue> = {
    constant: ({ shape, data }) => constant(shape, data),
    named: (x) => x,

    add: binary(add),
    sub: binary(sub),
    mul: binary(mul),
    scale(x, factor, offset = 0) {
      const scaled = factor === 1 ? x : factor === -1 ? neg(x) : mul(x, scalar(factor));
      return sized(offset === 0 ? scaled : add(scaled, scalar(offset)), x.size);
    },
    exp: (x) => sized(exp(x), x.size),
    log: (x) => sized(log(x), x.size),
    tanh: (x) => sized(tanh(x), x.size),
    sigmoid: (x) => sized(sigmoid(x), x.size),
    logSigmoid: (x) => sized(neg(softplus(neg(x))), x.size),
    relu: (x) => sized(relu(x), x.size),

    matmul: (a, b) => gemm(a, b),
    transpose: (x) => permute(x, [1, 0]),
    reshape: (x, shape) => reshape(x, shape),
    sum: (x) => reduceSum(x, axesOf(x)),
    logAbsDet(w) {
      const parameter = w.name as string;
      const value = input(`${parameter}/logAbsDet`, 'float32', []);
      const inverseTranspose = input(`${parameter}/inverseTranspose`, 'float32', w.shape);
      host.push({
        needs: [parameter],
        inputs: { value, inverseTranspose },
        compute(current) {
          const now = current(parameter);
          const number = tensor([], Float64Array.of(logAbsDet(now)));
          return { value: number, inverseTranspose: float64Ops.transpose(inverse(now)) };
        },
      });
      // Σ W∘W⁻ᵀ is the constant n, but its gradient with respect to W, W⁻ᵀ held fixed, is that of log|det W|.
      const trace = reduceSum(mul(w, inverseTranspose), [0, 1]);
      return add(value, sub(trace, scalar(w.shape[0] as number)));
    },

    squeeze(x) {
      const { channels, batch, height, width } = extents(x);
      const blocks = reshape(x, [channels, batch, height / 2, 2, width / 2, 2]);
      const squeezed = reshape(permute(blocks, [0, 3, 5, 1, 2, 4]), [4 * channels, -1]);
      return sized(squeezed, { batch, height: height / 2, width: width / 2 });
    },
    unsqueeze(y) {
      const { channels, batch, height, width } = extents(y);
      const blocks = reshape(y, [channels / 4, 2, 2, batch, height, width]);
      const unsqueezed = reshape(permute(blocks, [0, 3, 4, 1, 5, 2]), [channels / 4, -1]);
      return sized(unsqueezed, { batch, height: height * 2, width: width * 2 });
    },
    split(x, at) {
      const parts = [slice(x, 0, 0, at), slice(x, 0, at, x.shape[0] as number)];
      return parts.map((part) => sized(part, x.size)) as [TrainingValue, TrainingValue];
    },
    concat: (a, b) => sized(concat([a, b], 0), a.size),
    perChannel: (v) => sized(column(v), { batch: 1, height: 1, width: 1 }),
    scaleShift: (x, scale, shift) => sized(add(mul(x, column(scale)), column(shift)), x.size),
    conv1x1: (x, weight, bias) => sized(gemm(weight, x, bias && { bias: column(bias) }), x.size),
    conv3x3(x, kernel, bias, padding) {
      const { channels } = extents(x);
      const inside = padding === 'border' ? slice(kernel, 1, 0, channels) : kernel;
      const [outputs] = kernel.shape as number[];
      const outside = outsideTerm(x, kernel, padding);
      // The nine shifts are of the thinner side: of the input's channels, or of nine results that are then added.
      const y =
        channels <= outputs
          ? sized(
              gemm(reshape(inside, [outputs, 9 * channels]), patches(x, shift), { bias: column(bias) }),
              x.size,
            )
          : ops.add(sumOfShifts(x, inside, shift), ops.perChannel(bias));
      return outside ? ops.add(y, outside) : y;
    },
    conv3x3OfZeros(like, kernel, bias, padding) {
      const outside = outsideTerm(like, kernel, padding);
      return outside ? ops.add(outside, ops.perChannel(bias)) : ops.perChannel(bias);
    },
    squeezeConv: (x, matrix, bias) => ops.conv1x1(ops.squeeze(x), matrix, bias),
    unsqueezeConv: (y, matrix, shift) =>
      ops.unsqueeze(ops.conv1x1(ops.sub(y, ops.perChannel(shift)), matrix)),
    sumPerImage: (x) => reduceSum(byImage(x), [0, 2]),
    channelMoments(x) {
      const mean = reduceMean(x, [1], { keepDims: true });
      const centred = sub(x, mean);
      const std = sqrt(reduceMean(mul(centred, centred), [1]));
      return { mean: reshape(mean, [-1]), std };
    },
  };
  return ops;
}

/** A batch [count, height, width, channels], as data comes, as an image. */
export function imageOf(rows: Value): TrainingValue {
  const [batch, height, width, channels] = rows.shape as number[];
  return sized(permute(reshape(rows, [-1, channels]), [1, 0]), { batch, height, width });
}

/** Classes as images of one pixel, from one-hot rows [count, classes]. */
export function labelOf(rows: Value): TrainingValue {
  return sized(permute(rows, [1, 0]), { batch: rows.shape[0] as number, height: 1, width: 1 });
}

/** An image of this size, or a weight if there is none. */
function sized(value: Value, size: Size | undefined): TrainingValue {
  return size ? { ...value, size } : value;
}

type Binary<T> = (a: T, b: T) => T;

/** An operator on two weights or two images; one may be stretched. */
function binary(operator: Binary<Value>): Binary<TrainingValue> {
  return (a, b) => {
    if (!a.size || !b.size) return sized(operator(a, b), a.size ?? b.size); // a number for all pixels
    const size = {
      batch: Math.max(a.size.batch, b.size.batch),
      height: Math.max(a.size.height, b.size.height),
      width: Math.max(a.size.width, b.size.width),
    };
    const total = pixels(size);
    const plain = [a.size, b.size].every((one) => [1, total].includes(pixels(one)));
    return sized(plain ? operator(a, b) : rows(operator(byImage(a), byImage(b))), size);
  };
}

function pixels({ batch, height, width }: Size): number {
  return batch * height * width;
}

/** An image as [channels, batch, height·width]. */
function byImage(x: TrainingValue): Value {
  const { channels, batch, height, width } = extents(x);
  return reshape(x, [channels, batch, height * width]);
}

/** [channels, batch, height·width] as [channels, batch·height·width]. */
function rows(x: Value): Value {
  return reshape(x, [x.shape[0] as number, -1]);
}

interface Extents extends Size {
  readonly channels: number;
}

function extents(x: TrainingValue): Extents {
  if (!x.size) throw new TypeError('graph-ops: expected an image, got a weight');
  return { channels: x.shape[0] as number, ...x.size };
}

function axesOf(x: Value): number[] {
  return x.shape.map((_, axis) => axis);
}

function column(vector: Value): Value {
  return reshape(vector, [-1, 1]);
}

type Shift = (pixels: Value, by: number, axis: 'rows' | 'columns', size: Extents) => Value;

/** Rows of pixels as seen one pixel further: `by` −1, 0 or 1 along an axis of the image; zeros from outside. */
function createShift(): Shift {
  const masks = new Map<string, Value>(); // of one for each way and size; each is as long as a row of pixels
  return (pixels, by, axis, { batch, height, width }) => {
    if (by === 0) return pixels;
    const distance = axis === 'rows' ? by * width : by;
    const key = [by, axis, batch, height, width].join();
    const mask = masks.get(key) ?? insideMask(by, axis, batch, height, width);
    masks.set(key, mask);
    return mul(pad(pixels, [0, -distance, 0, distance]), mask);
  };
}

/** 1 for pixels whose neighbour that way is inside the image, else 0. */
function insideMask(by: number, axis: string, batch: number, height: number, width: number): Value {
  const inside = Float64Array.from({ length: batch * height * width }, (_, pixel) => {
    const [place, extent] =
      axis === 'rows' ? [Math.floor(pixel / width) % height, height] : [pixel % width, width];
    return Number(place + by >= 0 && place + by < extent);
  });
  return constant([1, inside.length], inside);
}

const offsets = [-1, 0, 1];

/** An image's nine shifts: channel c at tap t is row c·9 + t of the result, as kernels have their inputs. */
function patches(x: TrainingValue, shift: Shift): Value {
  const size = extents(x);
  const { channels } = size;
  const total = pixels(size);
  const across = offsets.map((dx) => reshape(shift(x, dx, 'columns', size), [channels, 1, total]));
  const three = reshape(concat(across, 1), [3 * channels, total]);
  const down = offsets.map((dy) => reshape(shift(three, dy, 'rows', size), [channels, 1, 3, total]));
  return reshape(concat(down, 1), [9 * channels, total]);
}

/** The kernel's nine taps applied to every pixel by one matrix product, then shifted and added. */
function sumOfShifts(x: TrainingValue, kernel: Value, shift: Shift): TrainingValue {
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

/** What a kernel adds for the taps that look outside the image; nothing for zeros. */
function outsideTerm(x: TrainingValue, kernel: Value, padding: Padding): TrainingValue | undefined {
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
