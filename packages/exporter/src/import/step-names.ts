import type { Float64Tensor, GlowConfig, Named } from '@glow-onnx/flow';
import type { ForeignWeights } from './foreign-weights.js';
import type { Layout } from './layout.js';

/** An actnorm as exp(logScale)·x + bias, then each channel times its sign (1 or −1). All [channels]. */
export interface SignedActnorm {
  readonly logScale: Float64Tensor;
  readonly bias: Float64Tensor;
  readonly sign: Float64Tensor;
}

/** What all models of a layout have in common, or what a look at their names tells. */
export type Choices = Omit<
  GlowConfig,
  | 'version'
  | 'channels'
  | 'height'
  | 'width'
  | 'levels'
  | 'steps'
  | 'hiddenChannels'
  | 'bits'
  | 'conv1x1'
  | OneProgram
> &
  Partial<Pick<GlowConfig, OneProgram>>;

/** Parts that the models of one program have, or of none. */
type OneProgram = 'logitRange' | 'inputRelu' | 'hiddenLayer' | 'splitClasses';

/** The names of a layout whose models consist of steps, and the variants that its models are. */
export interface StepNames<Name extends string = string> extends Omit<Layout<Name>, 'read'> {
  /** `coupling` is the one of a conditioner with as many outputs as the step has channels. */
  choices(weights: ForeignWeights): Choices;
  /** Default bits per colour channel. */
  readonly bits: number;
  /** The program's x minus ours, if they differ: ours are −1/2 … 1/2. */
  readonly offset?: number;
  /** The beginning of each step's names, with its separator, level by level. */
  places(names: readonly string[]): StepPlaces;
  /**
   * Names inside a step. The LU matrices are stored as full matrices; `full` is the convolution as one matrix; `indices`
   * are those of a permutation.
   */
  readonly conv1x1: {
    readonly full: string;
    readonly lu?: Readonly<Record<'permutation' | 'lower' | 'upper' | 'logScale' | 'sign', string>>;
    readonly indices?: string;
    /** The kind of a step without any of these names. */
    readonly without?: 'reverse';
    /** `full` is [inputs, outputs]. */
    readonly transposed?: boolean;
  };
  /** A parameter of the actnorm, for its shape. */
  readonly actnorm: string;
  readActnorm(weights: ForeignWeights, place: string, channels: number): SignedActnorm;
  /** The flag of an actnorm that is 0 before its first batch. */
  readonly actnormFlag?: string;
  /** Kernels of the conditioner's three convolutions. */
  convs(weights: ForeignWeights): readonly [string, string, string];
  /** Default: outputs × inputs × height × width. */
  readonly kernelOrder?: 'height × width × inputs × outputs';
  /** The conditioner's shift is subtracted in the direction of encode. */
  readonly subtractsShift?: boolean;
  /**
   * What follows the product in the conditioner's convolution `convs[index]`, by our names; `factor` [outputs] is
   * multiplied into the kernel.
   */
  readAfterConv(
    weights: ForeignWeights,
    place: string,
    index: 0 | 1 | 2,
    outputs: number,
  ): Named<Float64Tensor>;
  /** Other parameters of a step's coupling, by our names. `half`: channels of its network's input. */
  readCoupling?(weights: ForeignWeights, place: string, half: number): Named<Float64Tensor>;
  /** Parameters of all learned priors, by full names. */
  readPriors?(weights: ForeignWeights, config: GlowConfig, places: StepPlaces): Named<Float64Tensor>;
}

/** [['flows.0.0.', 'flows.0.1.'], ['flows.1.0.', 'flows.1.1.']] for two levels of two steps. */
export type StepPlaces = readonly (readonly string[])[];
