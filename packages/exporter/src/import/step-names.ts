import type { Float64Tensor, GlowConfig, Named, PresetName } from '@glow-onnx/flow';
import type { ForeignWeights } from './foreign-weights.js';
import type { Layout } from './layout.js';

/** An actnorm as exp(logScale)·x + bias, then each channel times its sign (1 or −1). All [channels]. */
export interface SignedActnorm {
  readonly logScale: Float64Tensor;
  readonly bias: Float64Tensor;
  readonly sign: Float64Tensor;
}

/** The names of a layout whose tensors are numbered by level and step, and the variant that its models are. */
export interface StepNames<Name extends string = string> extends Omit<Layout<Name>, 'read'> {
  /** Matches a name inside a step. Groups: the prefix, the level, the step. */
  readonly anchor: RegExp;
  readonly preset: PresetName;
  /** The coupling if the conditioner has as many outputs as the step has channels. */
  readonly affineCoupling: GlowConfig['coupling'];
  /** Default bits per colour channel. */
  readonly bits: number;
  /** The beginning of a step's names. */
  place(level: number, step: number): string;
  /** Names inside a step. The LU matrices are stored as full matrices; `full` is the convolution as one matrix. */
  readonly conv1x1: Readonly<
    Record<'permutation' | 'lower' | 'upper' | 'logScale' | 'sign' | 'full', string>
  >;
  /** A parameter of the actnorm, for its shape. */
  readonly actnorm: string;
  readActnorm(weights: ForeignWeights, place: string, channels: number): SignedActnorm;
  /** Weight of the conditioner's last convolution. */
  readonly lastConv: string;
  /** Bias of the last convolution and, if the variant has one, its gain, by our names. */
  readLastConv(weights: ForeignWeights, place: string, outputs: number): Named<Float64Tensor>;
  /** Weight, bias and gain of a level's learned prior. */
  readPrior?(weights: ForeignWeights, level: number, channels: PriorChannels): Named<Float64Tensor>;
}

/** Channels of a prior's convolution: `context` of the half that goes on (at the top, of the latent), `latent`. */
export interface PriorChannels {
  readonly context: number;
  readonly latent: number;
}

/** The step numbers of each level: [[0, 1], [0, 1]] for two levels of two steps. */
export type StepNumbers = readonly (readonly number[])[];
