import type { Float64Tensor, GlowConfig, Named, PresetName } from '@glow-onnx/flow';
import type { ForeignWeights, NamePattern } from './foreign-weights.js';

/** An actnorm as exp(logScale)·x + bias, then each channel times its sign (1 or −1). All [channels]. */
export interface SignedActnorm {
  readonly logScale: Float64Tensor;
  readonly bias: Float64Tensor;
  readonly sign: Float64Tensor;
}

/** Where another program keeps the parts of a Glow, and which of our variants its model is. */
export interface Layout extends NamePattern {
  readonly preset: PresetName;
  /** The coupling where the conditioner has as many outputs as the step has channels. */
  readonly affineCoupling: GlowConfig['coupling'];
  /** Bits per colour channel that its pictures have, unless told. */
  readonly bits: number;
  /** The beginning of a step's names. */
  place(level: number, step: number): string;
  /** Names inside a step. The LU matrices are stored in full; `full` is the convolution as one matrix. */
  readonly conv1x1: Readonly<
    Record<'permutation' | 'lower' | 'upper' | 'logScale' | 'sign' | 'full', string>
  >;
  /** Any parameter of the actnorm; a flag `initialized` may stand beside it. */
  readonly actnorm: string;
  readActnorm(weights: ForeignWeights, place: string, channels: number): SignedActnorm;
  /** Weight of the conditioner's last convolution. */
  readonly lastConv: string;
  /** Bias and, where the variant has one, gain of the last convolution, by our names. */
  readLastConv(weights: ForeignWeights, place: string, outputs: number): Named<Float64Tensor>;
  /** Weight, bias and gain of a level's learned prior. */
  readPrior?(weights: ForeignWeights, level: number, channels: PriorChannels): Named<Float64Tensor>;
}

/** Channels of a prior's convolution: of the half that goes on (at the top: of the latent), and of the latent. */
export interface PriorChannels {
  readonly context: number;
  readonly latent: number;
}
