import type { Float64Tensor } from './tensor.js';

/**
 * The values outside the image for a 3×3 convolution: zeros, ones, or `border` (official Glow's edge bias): zeros and
 * one more input channel, the last, which is 1 outside the image and 0 inside. Its kernel has one more input.
 */
export type Padding = 'zeros' | 'ones' | 'border';

/**
 * The operations that layers are written in. An interpreter gives T a meaning: float64 arrays (`float64Ops`),
 * TensorFlow.js tensors or values of an ONNX graph that can be differentiated (trainer), values of an ONNX graph
 * (exporter).
 *
 * A value is an image (batch × channels × height × width; the memory layout is the interpreter's own) or a weight (any
 * shape, row-major). Arithmetic takes weights with weights and images with images; their shapes are equal, or extents
 * of 1 stretch.
 */
export interface Ops<T> {
  /** A weight with fixed values. */
  constant(value: Float64Tensor): T;
  /** The same value with a name, which an exported graph keeps. */
  named(x: T, name: string): T;

  add(a: T, b: T): T;
  sub(a: T, b: T): T;
  mul(a: T, b: T): T;
  /** factor·x + offset for two numbers; the default offset is 0. */
  scale(x: T, factor: number, offset?: number): T;
  exp(x: T): T;
  log(x: T): T;
  tanh(x: T): T;
  sigmoid(x: T): T;
  /** log σ(x), finite for every finite x. */
  logSigmoid(x: T): T;
  relu(x: T): T;

  // weights
  /** a [m, k] times b [k, n] → [m, n]. */
  matmul(a: T, b: T): T;
  /** [m, n] → [n, m]. */
  transpose(x: T): T;
  reshape(x: T, shape: readonly number[]): T;
  /** Sum of all elements, a weight of shape []. */
  sum(x: T): T;
  /** log|det w| of w [n, n], a weight of shape []. */
  logAbsDet(w: T): T;

  // images
  /** c×h×w → 4c×h/2×w/2, new channel c·4 + dy·2 + dx. One channel [[1,2],[3,4]] → one pixel with channels 1 2 3 4. */
  squeeze(x: T): T;
  /** The inverse of squeeze. */
  unsqueeze(y: T): T;
  /** Channels [0, at) and [at, C). */
  split(x: T, at: number): [T, T];
  /** Channels of a, then those of b. */
  concat(a: T, b: T): T;
  /** A vector [C] as an image 1×C×1×1. */
  perChannel(v: T): T;
  /** scale[c]·x + shift[c] at every pixel. */
  scaleShift(x: T, scale: T, shift: T): T;
  /** weight [out, in] times the channels of each pixel, plus bias [out]. */
  conv1x1(x: T, weight: T, bias?: T): T;
  /** Cross-correlation with weight [out, in, 3, 3], padding 1, plus bias [out]. */
  conv3x3(x: T, weight: T, bias: T, padding: Padding): T;
  /** conv3x3 of an image of zeros with the height and width of `like`. It differs from the bias only at the border. */
  conv3x3OfZeros(like: T, weight: T, bias: T, padding: Padding): T;
  /** conv1x1(squeeze(x), matrix, bias) as one operation: a 2×2 convolution of stride 2. */
  squeezeConv(x: T, matrix: T, bias: T): T;
  /** unsqueeze(conv1x1(y − shift, matrix)) as one operation: a 2×2 transposed convolution of stride 2. */
  unsqueezeConv(y: T, matrix: T, shift: T): T;
  /** Sum over channels, height and width: a vector [batch]. */
  sumPerImage(x: T): T;
  /** Mean and population standard deviation over batch, height and width: vectors [C]. */
  channelMoments(x: T): { mean: T; std: T };
}
