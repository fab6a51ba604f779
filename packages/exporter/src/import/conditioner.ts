import { type Float64Tensor, type GlowConfig, type Named, tensor } from '@glow-onnx/flow';
import { filled, sizeOf } from '@glow-onnx/flow/internal';
import type { ForeignWeights } from './foreign-weights.js';
import type { StepNames } from './step-names.js';

/** Parameters of one coupling, by our names. `channels` are those of the step. */
export function readConditioner(
  weights: ForeignWeights,
  layout: StepNames,
  place: string,
  config: GlowConfig,
  channels: number,
): Named<Float64Tensor> {
  const hidden = config.hiddenChannels;
  const border = config.padding === 'border' ? 1 : 0;
  const outputs = config.coupling === 'additive' ? channels / 2 : channels;
  const names = layout.convs(weights);
  const [first, second] = names.map((name) => outputsOf(weights, layout, place + name));
  const convs = [
    { shape: [first, channels / 2 + border, 3, 3], wide: [hidden, channels / 2 + border], border },
    { shape: [second, first, 1, 1], wide: [hidden, hidden], border: 0 },
    { shape: [outputs, second + border, 3, 3], wide: [outputs, hidden + border], border },
  ];
  const found: Record<string, Float64Tensor> = {};
  convs.forEach(({ shape, wide, border }, i) => {
    const index = i as 0 | 1 | 2;
    const kernel = takeKernel(weights, layout, place + names[index], shape);
    const { factor, ...vectors } = layout.readAfterConv(weights, place, index, shape[0]);
    found[`conv${i + 1}.weight`] = widenKernel(factor ? timesOutputs(kernel, factor) : kernel, wide, border);
    for (const [name, vector] of Object.entries(vectors)) {
      found[`conv${i + 1}.${name}`] = widenVector(vector, wide[0]);
    }
  });
  const { subtractsShift, readCoupling } = layout;
  return {
    ...(subtractsShift ? withShiftNegated(found, config.coupling) : found),
    ...readCoupling?.(weights, place, channels / 2),
  };
}

/** Each output of a kernel times its factor. */
function timesOutputs({ shape, data }: Float64Tensor, factor: Float64Tensor): Float64Tensor {
  const size = sizeOf(shape) / shape[0];
  return tensor(
    shape,
    data.map((v, at) => v * factor.data[Math.floor(at / size)]),
  );
}

/** Additive: all outputs are shifts; else the even ones, as in every interleaved network. */
function withShiftNegated(
  found: Named<Float64Tensor>,
  coupling: GlowConfig['coupling'],
): Named<Float64Tensor> {
  const negated = ({ shape, data }: Float64Tensor): Float64Tensor => {
    const size = data.length / shape[0];
    const isShift = (at: number): boolean => coupling === 'additive' || Math.floor(at / size) % 2 === 0;
    return tensor(
      shape,
      data.map((v, at) => (isShift(at) ? -v : v)),
    );
  };
  return {
    ...found,
    'conv3.weight': negated(found['conv3.weight']),
    'conv3.bias': negated(found['conv3.bias']),
  };
}

/** The outputs of a kernel. */
export function outputsOf(weights: ForeignWeights, { kernelOrder }: StepNames, name: string): number {
  return weights.shapeOf(name).at(kernelOrder ? -1 : 0) as number;
}

/** A kernel in our order. `shape`: outputs × inputs × height × width. */
export function takeKernel(
  weights: ForeignWeights,
  { kernelOrder }: Pick<StepNames, 'kernelOrder'>,
  name: string,
  shape: readonly number[],
): Float64Tensor {
  if (!kernelOrder) return weights.take(name, shape);
  const [outputs, inputs, height, width] = shape;
  const { data } = weights.take(name, [height, width, inputs, outputs]);
  const pixels = height * width;
  return tensor(
    shape,
    data.map(
      (_, at) =>
        data[
          (at % pixels) * inputs * outputs +
            Math.floor(at / pixels / inputs) +
            outputs * (Math.floor(at / pixels) % inputs)
        ],
    ),
  );
}

/**
 * Adds outputs and inputs of zeros to a kernel. ReLU keeps the added channels zero. The last `last` inputs stay the last.
 */
function widenKernel(
  kernel: Float64Tensor,
  [outputs, inputs]: readonly number[],
  last: number,
): Float64Tensor {
  const [from, width, ...pixels] = kernel.shape;
  if (from === outputs && width === inputs) return kernel;
  const taps = sizeOf(pixels);
  const wide = filled([outputs, inputs, ...pixels]);
  for (let o = 0; o < from; o++) {
    for (let i = 0; i < width; i++) {
      const to = i < width - last ? i : inputs - width + i;
      const at = (o * width + i) * taps;
      wide.data.set(kernel.data.subarray(at, at + taps), (o * inputs + to) * taps);
    }
  }
  return wide;
}

function widenVector(vector: Float64Tensor, length: number): Float64Tensor {
  const wide = filled([length]);
  wide.data.set(vector.data);
  return wide;
}
