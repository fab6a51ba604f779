import type { Ops } from '../arithmetic/ops.js';
import { filled, type Named, tensor } from '../arithmetic/tensor.js';
import type { Layer } from './layer.js';

/** Keeps the scale finite if a channel is constant over the first batch. */
const EPSILON = 1e-6;

/**
 * Scales and shifts each channel: y = exp(logScale)·x + bias. logDet = height·width·Σ logScale.
 * logScale, bias: [channels]. The first batch initialises both so that each channel of y has mean 0 and
 * standard deviation 1: logScale = −log(std + 1e-6), bias = −mean/(std + 1e-6).
 * Source: Kingma & Dhariwal 2018, §3.1.
 */
export function actnorm(channels: number): Layer {
  return {
    params: [
      { name: 'logScale', shape: [channels], kind: 'trainable' },
      { name: 'bias', shape: [channels], kind: 'trainable' },
    ],
    initialParams: () => ({ logScale: filled([channels]), bias: filled([channels]) }),
    initialise: (ops, x) => normalisingParams(ops, x),

    forwardWeights: (ops, { trainable: { logScale, bias } }) => ({
      scale: ops.exp(logScale),
      bias,
      logDet: ops.sum(logScale),
    }),
    inverseWeights({ trainable: { logScale, bias } }) {
      const inverseScale = logScale.data.map((s) => Math.exp(-s));
      return {
        inverseScale: tensor([channels], inverseScale),
        inverseBias: tensor(
          [channels],
          bias.data.map((b, c) => -b * inverseScale[c]),
        ),
      };
    },

    forward: (ops, x, w) => ({
      y: ops.scaleShift(x, w.scale, w.bias),
      logDet: { perPixel: w.logDet },
    }),
    inverse: (ops, y, w) => ops.scaleShift(y, w.inverseScale, w.inverseBias),

    channelAffine: {
      forward: (w) => ({ matrix: diagonal(w.scale.data), bias: w.bias, perPixel: w.logDet.data[0] }),
      inverse: (w) => ({ matrix: diagonal(w.inverseScale.data), bias: w.inverseBias }),
    },
  };
}

/** The logScale and bias that give each channel of x mean 0 and standard deviation 1. */
export function normalisingParams<T>(ops: Ops<T>, x: T): Named<T> {
  const { mean, std } = ops.channelMoments(x);
  const logScale = ops.scale(ops.log(ops.scale(std, 1, EPSILON)), -1);
  return { logScale, bias: ops.scale(ops.mul(mean, ops.exp(logScale)), -1) };
}

function diagonal(values: Float64Array) {
  const n = values.length;
  const matrix = filled([n, n]);
  values.forEach((value, i) => {
    matrix.data[i * n + i] = value;
  });
  return matrix;
}
