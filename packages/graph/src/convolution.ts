import { type Dim, formatDim, type Shape, sameDim, scaleDim } from './dims.js';
import { describe, node, type Value } from './value.js';

/** Rows and columns of zeros around an image, in the order of ONNX. */
export type Pads = readonly [top: number, left: number, bottom: number, right: number];

/** Options of `conv`. */
export interface ConvOptions {
  /** One number per output channel: [O]. */
  readonly bias?: Value;
  /** Zeros around the image. Default: [0, 0, 0, 0]. */
  readonly pads?: Pads;
  /** Steps of the kernel down and to the right. Default: [1, 1]. */
  readonly strides?: readonly [number, number];
}

/**
 * Cross-correlation of x [N, C, H, W] with weight [O, C, kh, kw]: [N, O, (H + top + bottom − kh)/sh + 1, …]. ONNX:
 * Conv.
 * @param options `bias` [O]; `pads` [top, left, bottom, right], default 0; `strides` [down, right], default 1.
 * @throws RangeError if channels do not match, or a symbolic height or width would get a remainder or an offset.
 * @example
 * const y = conv(x, weight, { bias, pads: [1, 1, 1, 1] }); // a 3×3 kernel keeps height and width
 */
export function conv(x: Value, weight: Value, options: ConvOptions = {}): Value {
  const { bias, pads = [0, 0, 0, 0], strides = [1, 1] } = options;
  const where = `Conv of ${describe(x)} with ${describe(weight)}`;
  const [outputs, inputs, kernelHeight, kernelWidth] = kernelOf(where, weight);
  checkOperands(where, [x, weight, ...(bias ? [bias] : [])]);
  checkChannels(where, x, inputs, outputs, bias);
  const size = (dim: Dim, kernel: number, padding: number, stride: number): Dim => {
    const spare = padding - kernel + stride; // output = (dim + spare)/stride, rounded down
    if (typeof dim === 'number') {
      const extent = Math.floor((dim + spare) / stride);
      if (extent < 1) throw new RangeError(`${where}: kernel ${kernel} is larger than ${dim} + ${padding}`);
      return extent;
    }
    if (spare === 0) return scaleDim(dim, 1, stride);
    throw new RangeError(
      `${where}: kernel ${kernel}, stride ${stride} and padding ${padding} make (${formatDim(dim)} + ${spare})/${stride}; ` +
        'a symbolic size can only be divided: padding must be kernel − stride',
    );
  };
  const shape = [
    x.shape[0],
    outputs,
    size(x.shape[2], kernelHeight, pads[0] + pads[2], strides[0]),
    size(x.shape[3], kernelWidth, pads[1] + pads[3], strides[1]),
  ];
  return node(
    'Conv',
    bias ? [x, weight, bias] : [x, weight],
    shape,
    {
      kernel_shape: [kernelHeight, kernelWidth],
      pads,
      strides,
    },
    x.dtype,
  );
}

/**
 * Transposed convolution of x [N, C, H, W] with weight [C, O, k, k]: the transposed linear map of `conv` with the same
 * weight, strides and pads. By default the stride is k: every pixel becomes a block of k×k pixels, [N, O, k·H, k·W].
 * ONNX: ConvTranspose.
 * @param options `bias` [O]; `pads`, default 0; `strides`, default [k, k].
 * @throws RangeError if channels do not match, the kernel is not square, or it does not fit strides and pads.
 */
export function convTranspose(x: Value, weight: Value, options: ConvOptions = {}): Value {
  const { bias, pads = [0, 0, 0, 0] } = options;
  const where = `ConvTranspose of ${describe(x)} with ${describe(weight)}`;
  const [inputs, outputs, kernel, kernelWidth] = kernelOf(where, weight);
  if (kernel !== kernelWidth) throw new RangeError(`${where}: expected a square kernel`);
  const { strides = [kernel, kernel] } = options;
  checkOperands(where, [x, weight, ...(bias ? [bias] : [])]);
  checkChannels(where, x, inputs, outputs, bias);
  for (const axis of [0, 1] as const) {
    const spare = kernel - strides[axis] - pads[axis] - pads[axis + 2];
    if (spare === 0) continue;
    throw new RangeError(
      `${where}: kernel ${kernel}, stride ${strides[axis]} and padding ${pads[axis] + pads[axis + 2]} give a size that is no ` +
        'multiple; padding must be kernel − stride',
    );
  }
  const shape: Shape = [
    x.shape[0],
    outputs,
    scaleDim(x.shape[2], strides[0]),
    scaleDim(x.shape[3], strides[1]),
  ];
  return node(
    'ConvTranspose',
    bias ? [x, weight, bias] : [x, weight],
    shape,
    {
      kernel_shape: [kernel, kernel],
      pads,
      strides,
    },
    x.dtype,
  );
}

/**
 * Whether WebGPU silently miscomputes a convolution of this many input channels with a kernel larger than 1×1
 * (ONNX Runtime 1.30, node and web): multiples of 3 but not of 4, 3 itself excepted.
 */
export function isMiscomputed(channels: number): boolean {
  return channels > 3 && channels % 3 === 0 && channels % 4 !== 0;
}

function kernelOf(where: string, weight: Value): [number, number, number, number] {
  const { shape } = weight;
  if (shape.length !== 4 || shape.some((dim) => typeof dim !== 'number')) {
    throw new RangeError(`${where}: expected a weight with four extents that are numbers`);
  }
  return shape as unknown as [number, number, number, number];
}

function checkOperands(where: string, operands: readonly Value[]): void {
  const types = new Set(operands.map(({ dtype }) => dtype));
  if (types.size > 1) {
    throw new TypeError(`${where}: element types differ (${[...types].join(', ')}); cast them`);
  }
}

function checkChannels(where: string, x: Value, inputs: number, outputs: number, bias?: Value): void {
  if (x.shape.length !== 4) throw new RangeError(`${where}: expected an image [N, C, H, W]`);
  if (!sameDim(x.shape[1], inputs)) {
    throw new RangeError(`${where}: the weight takes ${inputs} channels, got ${formatDim(x.shape[1])}`);
  }
  if (bias && !(bias.shape.length === 1 && bias.shape[0] === outputs)) {
    throw new RangeError(`${where}: expected a bias [${outputs}], got ${describe(bias)}`);
  }
}
