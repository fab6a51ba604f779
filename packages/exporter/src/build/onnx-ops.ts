import { type Float64Tensor, float64Ops, type GlowConfig, type Ops } from '@glow-onnx/flow';
import {
  add,
  concat,
  constant,
  conv,
  exp,
  log,
  mul,
  named,
  neg,
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
import { abs, convTranspose } from '@glow-onnx/graph/internal';
import {
  channelsOf,
  createOutsideTerm,
  type ImageValue,
  portableInput,
  requireConstant,
  takeInputs,
} from './portable-conv.js';
import { convStored, reluWithinHalf } from './stored-conv.js';
import { isFasterTransposed } from './transposed-conv.js';

/**
 * The interpreter that writes a flow as an ONNX graph. Weights are constants, computed in float64 while the graph is
 * built. No operator reads a shape at run time, so batch, height and width stay free. Use it for one graph: the
 * convolutions of that graph share the field that stands for what lies outside an image.
 * @param size of the training images, for which the faster form of each convolution is chosen.
 */
export function createOnnxOps(size: Pick<GlowConfig, 'height' | 'width'>): Ops<ImageValue> {
  const outsideTerm = createOutsideTerm();
  const ops: Ops<ImageValue> = {
    constant: ({ shape, data }) => constant(shape, data),
    named,

    add,
    sub,
    mul,
    scale(x, factor, offset = 0) {
      const scaled = factor === 1 ? x : factor === -1 ? neg(x) : mul(x, scalar(factor));
      return offset === 0 ? scaled : add(scaled, scalar(offset));
    },
    exp,
    log,
    tanh,
    sigmoid,
    // −log(1 + exp(−x)), with an exponent that is never positive.
    logSigmoid: (x) => neg(add(relu(neg(x)), log(add(exp(neg(abs(x))), scalar(1))))),
    relu: reluWithinHalf,

    matmul: (a, b) => weight(float64Ops.matmul(numbers('matmul', a), numbers('matmul', b))),
    transpose: (x) => weight(float64Ops.transpose(numbers('transpose', x)), x.name),
    reshape,
    sum: (x) => weight(float64Ops.sum(numbers('sum', x))),
    logAbsDet: (w) => weight(float64Ops.logAbsDet(numbers('logAbsDet', w))),

    squeeze: (x) => ops.squeezeConv(x, identity(4 * channelsOf(x)), zeros(4 * channelsOf(x))),
    unsqueeze: (y) => ops.unsqueezeConv(y, identity(channelsOf(y)), zeros(channelsOf(y))),
    split(x, at) {
      const channels = channelsOf(x);
      const { whole, from } = x.part ?? { whole: x, from: 0 };
      const cut = (begin: number, end: number): ImageValue => ({
        ...(concatenated(x, begin, end) ?? slice(whole, 1, from + begin, from + end)),
        part: { whole, from: from + begin },
      });
      return [cut(0, at), cut(at, channels)];
    },
    concat: (a, b) => concat([a, b], 1),
    perChannel: (v) => reshape(v, [1, -1, 1, 1]),
    scaleShift: (x, scale, shift) => add(mul(x, ops.perChannel(scale)), ops.perChannel(shift)),
    conv1x1: (x, matrix, bias) => convStored(x, reshape(matrix, [0, 0, 1, 1]), bias ? { bias } : {}),
    conv3x3(x, kernel, bias, padding) {
      const all = requireConstant('conv3x3', kernel);
      const inside = padding === 'border' ? takeInputs(all, 0, channelsOf(x)) : all;
      const [input, portable] = portableInput(x, inside, 'narrow');
      const transposed = isFasterTransposed(portable.shape, pixelsOf(x, size));
      const y = convStored(input, portable, { bias, pads: [1, 1, 1, 1] }, transposed);
      const outside = outsideTerm(x, all, padding);
      return outside ? add(y, outside) : y;
    },
    conv3x3OfZeros(like, kernel, bias, padding) {
      const outside = outsideTerm(like, requireConstant('conv3x3OfZeros', kernel), padding);
      return outside ? add(outside, ops.perChannel(bias)) : ops.perChannel(bias);
    },
    squeezeConv(x, matrix, bias) {
      const kernel = reshape(matrix, [0, channelsOf(x), 2, 2]); // [o, 4i + 2dy + dx] is [o, i, dy, dx] already
      const [input, portable] = portableInput(x, requireConstant('squeezeConv', kernel), 'whole');
      return conv(input, portable, { bias, strides: [2, 2] });
    },
    unsqueezeConv(y, matrix, shift) {
      const kernel = reshape(ops.transpose(matrix), [channelsOf(y), -1, 2, 2]);
      return convTranspose(sub(y, ops.perChannel(shift)), kernel);
    },
    sumPerImage: (x) => reduceSum(x, [1, 2, 3]),
    channelMoments(x) {
      const mean = reduceMean(x, [0, 2, 3], { keepDims: true });
      const centred = sub(x, mean);
      const std = sqrt(reduceMean(mul(centred, centred), [0, 2, 3]));
      return { mean: reshape(mean, [-1]), std };
    },
  };
  return ops;
}

function weight({ shape, data }: Float64Tensor, name?: string): ImageValue {
  const value = constant(shape, data);
  return name === undefined ? value : named(value, name);
}

function numbers(operation: string, value: ImageValue): Float64Tensor {
  const { shape, source } = requireConstant(operation, value);
  return { shape, data: source.data };
}

/** Height times width of x, for an image of this size. */
function pixelsOf({ shape }: Value, size: Pick<GlowConfig, 'height' | 'width'>): number {
  const [height, width] = shape.slice(2).map((dim) => {
    if (typeof dim === 'number') return dim;
    return (size[dim.symbol as keyof typeof size] * dim.times) / dim.over;
  });
  return height * width;
}

function identity(n: number): ImageValue {
  return constant(
    [n, n],
    Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 1 : 0)),
  );
}

function zeros(n: number): ImageValue {
  return constant([n], new Float64Array(n));
}

/** The input of a concatenation that is exactly this range of channels, or undefined. */
function concatenated({ source }: ImageValue, begin: number, end: number): Value | undefined {
  if (source.kind !== 'node' || source.operator !== 'Concat' || source.attributes.axis !== 1)
    return undefined;
  let from = 0;
  for (const part of source.inputs) {
    const to = from + channelsOf(part);
    if (from === begin && to === end) return part;
    from = to;
  }
  return undefined;
}
