import { float64Ops, type Ops, tensor } from '@glow-onnx/flow';
import { inverse, logAbsDet } from '@glow-onnx/flow/internal';
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
import { outsideTerm, productOfShifts, sumOfShifts } from './graph-conv3x3.js';
import { binary, byImage, column, extents, sized, type TrainingValue } from './graph-image.js';
import type { HostValues } from './host-values.js';

/**
 * Interprets layers as values of an ONNX graph. Weights are inputs, so that the graph can be differentiated with
 * respect to them. All shapes are numbers.
 * @param host collects the inputs that the host computes.
 */
export function createGraphOps(host: HostValues[]): Ops<TrainingValue> {
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
      // Σ W∘W⁻ᵀ is the constant n. Its gradient with respect to W, with W⁻ᵀ fixed, is the gradient of log|det W|.
      const trace = reduceSum(mul(w, inverseTranspose), [0, 1]);
      return add(value, sub(trace, scalar(w.shape[0] as number)));
    },

    squeeze(x) {
      const { channels, batch, height, width } = extents(x);
      const blocks = reshape(x, [channels, height / 2, 2, width / 2, 2, batch]);
      const squeezed = reshape(permute(blocks, [0, 2, 4, 1, 3, 5]), [4 * channels, -1]);
      return sized(squeezed, { batch, height: height / 2, width: width / 2 });
    },
    unsqueeze(y) {
      const { channels, batch, height, width } = extents(y);
      const blocks = reshape(y, [channels / 4, 2, 2, height, width, batch]);
      const unsqueezed = reshape(permute(blocks, [0, 3, 1, 4, 2, 5]), [channels / 4, -1]);
      return sized(unsqueezed, { batch, height: height * 2, width: width * 2 });
    },
    split(x, at) {
      const parts = [slice(x, 0, 0, at), slice(x, 0, at, x.shape[0] as number)];
      return parts.map((part) => sized(part, x.size)) as [TrainingValue, TrainingValue];
    },
    concat: (a, b) => sized(concat([a, b], 0), a.size),
    perChannel: (v) => sized(column(v), { batch: 1, height: 1, width: 1 }),
    scaleShift(x, scale, shift) {
      const y = sized(add(mul(x, column(scale)), column(shift)), x.size);
      return { ...y, affine: { x, scale, shift } };
    },
    conv1x1(x, weight, bias) {
      if (!x.affine) return sized(gemm(weight, x, bias && { bias: column(bias) }), x.size);
      // W·(scale·x + shift) + b = (W·scale)·x + (W·shift + b): passes over matrices instead of images.
      const { x: inner, scale, shift } = x.affine;
      const shifted = gemm(weight, column(shift), bias && { bias: column(bias) });
      return sized(gemm(mul(weight, reshape(scale, [1, -1])), inner, { bias: shifted }), x.size);
    },
    conv3x3(x, kernel, bias, padding) {
      const { channels } = extents(x);
      const inside = padding === 'border' ? slice(kernel, 1, 0, channels) : kernel;
      const [outputs] = kernel.shape as number[];
      const outside = outsideTerm(x, kernel, padding);
      // Shifts the side with fewer channels: the input, or nine results that are then added.
      const y =
        channels <= outputs
          ? productOfShifts(x, inside, bias)
          : ops.add(sumOfShifts(x, inside), ops.perChannel(bias));
      return outside ? ops.add(y, outside) : y;
    },
    conv3x3OfZeros(like, kernel, bias, padding) {
      const outside = outsideTerm(like, kernel, padding);
      return outside ? ops.add(outside, ops.perChannel(bias)) : ops.perChannel(bias);
    },
    squeezeConv: (x, matrix, bias) => ops.conv1x1(ops.squeeze(x), matrix, bias),
    unsqueezeConv: (y, matrix, shift) =>
      ops.unsqueeze(ops.conv1x1(ops.sub(y, ops.perChannel(shift)), matrix)),
    sumPerImage: (x) => reduceSum(byImage(x), [0, 1]),
    channelMoments(x) {
      const mean = reduceMean(x, [1], { keepDims: true });
      const centred = sub(x, mean);
      const std = sqrt(reduceMean(mul(centred, centred), [1]));
      return { mean: reshape(mean, [-1]), std };
    },
  };
  return ops;
}

function axesOf(x: Value): number[] {
  return x.shape.map((_, axis) => axis);
}
