import type { Ops } from './ops.js';
import type { Random } from './random.js';
import type { Float64Tensor, Named } from './tensor.js';

/** A tensor that a checkpoint stores for a layer. Fixed ones (permutations, signs) are not trained. */
export interface ParamSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly kind: 'trainable' | 'fixed';
  /** Index parameters are stored as I32. */
  readonly dtype?: 'float' | 'index';
}

/** Parameters of a layer: trainable ones in the interpreter's form, fixed ones always as float64. */
export interface LayerParams<T> {
  readonly trainable: Named<T>;
  readonly fixed: Named<Float64Tensor>;
}

/** log|det ∂y/∂x| in nats, per image: height·width·perPixel + Σ elements. An absent part is zero. */
export interface LogDet<T> {
  /** A weight of shape [], the same at every pixel of y. */
  readonly perPixel?: T;
  /** An image whose elements are summed. */
  readonly elements?: T;
}

/** y = matrix·x + bias at every pixel; logDet per pixel. */
export interface ChannelAffine {
  readonly matrix: Float64Tensor; // [C, C]
  readonly bias: Float64Tensor; // [C]
}

/**
 * An invertible map of images. All functions are pure. `forwardWeights` says what `forward` needs in terms of
 * the parameters, differentiably; `inverseWeights` does so for `inverse`, in float64.
 */
export interface Layer {
  readonly params: readonly ParamSpec[];
  /** Values before training. */
  initialParams(random: Random): Named<Float64Tensor>;
  /**
   * Data-dependent initialisation: trainable parameters to replace, given the layer's first input batch.
   * Layers without it have none.
   */
  initialise?<T>(ops: Ops<T>, x: T, params: LayerParams<T>): Named<T>;
  forwardWeights<T>(ops: Ops<T>, params: LayerParams<T>): Named<T>;
  /** @throws Error if a value makes the layer singular. */
  inverseWeights(params: LayerParams<Float64Tensor>): Named<Float64Tensor>;
  forward<T>(ops: Ops<T>, x: T, w: Named<T>): { y: T; logDet: LogDet<T> };
  inverse<T>(ops: Ops<T>, y: T, w: Named<T>): T;
  /** Present where both directions are one matrix and bias per pixel, so that neighbours can be folded into one. */
  readonly channelAffine?: {
    forward(w: Named<Float64Tensor>): ChannelAffine & { perPixel: number };
    inverse(w: Named<Float64Tensor>): ChannelAffine;
  };
}
