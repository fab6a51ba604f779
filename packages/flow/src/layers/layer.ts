import type { Ops } from '../arithmetic/ops.js';
import type { Float64Tensor, Named } from '../arithmetic/tensor.js';
import type { Random } from '../random.js';

/** A tensor that a checkpoint stores for a layer. Fixed tensors (permutations, signs) are not trained. */
export interface ParamSpec {
  /** Inside its layer; in `Glow.params` with the layer's place before it. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly kind: 'trainable' | 'fixed';
  /** Index parameters are stored as I32. */
  readonly dtype?: 'float' | 'index';
}

/** Parameters by name: trainable parameters as values of the interpreter, fixed parameters in float64. */
export interface LayerParams<T> {
  readonly trainable: Named<T>;
  readonly fixed: Named<Float64Tensor>;
}

/** log|det ∂y/∂x| in nats, per image: height·width·perPixel + Σ elements + perImage. An absent part is zero. */
export interface LogDet<T> {
  /** A weight of shape [], the same at every pixel of y. */
  readonly perPixel?: T;
  /** An image whose elements are summed, of one shape for all layers of a level. */
  readonly elements?: T;
  /** A vector [batch], for a layer whose elements have another shape. */
  readonly perImage?: T;
}

/** y = matrix·x + bias at every pixel; logDet per pixel. */
export interface ChannelAffine {
  readonly matrix: Float64Tensor; // [C, C]
  readonly bias: Float64Tensor; // [C]
}

/**
 * An invertible map of images. All functions are pure. `forwardWeights` computes the weights of `forward` from the
 * parameters and can be differentiated. `inverseWeights` computes the weights of `inverse` in float64.
 * @example
 * // y = −x
 * const negate: Layer = {
 *   params: [],
 *   initialParams: () => ({}),
 *   forwardWeights: () => ({}),
 *   inverseWeights: () => ({}),
 *   forward: (ops, x) => ({ y: ops.scale(x, -1), logDet: {} }),
 *   inverse: (ops, y) => ops.scale(y, -1),
 * };
 */
export interface Layer {
  readonly params: readonly ParamSpec[];
  /** All parameters before training, by name. */
  initialParams(random: Random): Named<Float64Tensor>;
  /**
   * Data-dependent initialisation: the trainable parameters to replace, given the layer's first input batch. Optional.
   */
  initialise?<T>(ops: Ops<T>, x: T, params: LayerParams<T>): Named<T>;
  /** The weights of `forward`, by name. */
  forwardWeights<T>(ops: Ops<T>, params: LayerParams<T>): Named<T>;
  /** The weights of `inverse`, by name. @throws Error if a value makes the layer singular. */
  inverseWeights(params: LayerParams<Float64Tensor>): Named<Float64Tensor>;
  /** x → y, with log|det ∂y/∂x|. x, y: batch × channels × height × width. */
  forward<T>(ops: Ops<T>, x: T, w: Named<T>): { y: T; logDet: LogDet<T> };
  /** y → x. */
  inverse<T>(ops: Ops<T>, y: T, w: Named<T>): T;
  /** Present if both directions apply one matrix and bias per pixel; export folds such neighbours into one layer. */
  readonly channelAffine?: {
    forward(w: Named<Float64Tensor>): ChannelAffine & { perPixel: number };
    inverse(w: Named<Float64Tensor>): ChannelAffine;
  };
}

/** A layer and its place, such as `levels.0.steps.3.coupling`. */
export interface PlacedLayer {
  readonly name: string;
  readonly layer: Layer;
}
