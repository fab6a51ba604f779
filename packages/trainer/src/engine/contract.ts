import type { Float64Tensor, Named } from '@glow-onnx/flow';
import type { TrainSettings } from '../settings/settings.js';
import type { Scores } from './scores.js';

/** Dequantised images in model units, count × height × width × channels, and their classes if the model has any. */
export interface Batch {
  readonly count: number;
  readonly x: Float32Array;
  readonly classes?: Uint16Array;
}

export interface StepResult {
  /** Mean bits/dim of the batch before the step. */
  readonly bitsPerDim: number;
  /** What each level adds to it, the finest first. */
  readonly bitsPerDimLevels: readonly number[];
  /** Global norm of its gradient, before clipping. */
  readonly gradientNorm: number;
  /** Whether the step was taken. */
  readonly applied: boolean;
}

/** All that a step depends on besides its batch and rate. */
export interface EngineState {
  readonly trainable: Named<Float64Tensor>;
  /** Moving averages of the trainable parameters, where they are kept. */
  readonly ema?: Named<Float64Tensor>;
  readonly optimizer: { readonly m: Named<Float64Tensor>; readonly v: Named<Float64Tensor> };
  /** Steps that were taken, for the bias correction of moments and averages. */
  readonly steps: number;
}

/** What trains a model: data, schedules, checkpoints and metrics are the loop's and know nothing of it. */
export interface Engine {
  /** For people: which library on which device. */
  readonly description: string;
  /** Data-dependent initialisation of the trainable parameters. */
  initialise(batch: Batch): Promise<void>;
  /**
   * One step at this learning rate. It is not taken, and everything stays as it is, if loss or gradient is not
   * finite (where a GPU keeps the parameters, if the norm is beyond 1e19) or the gradient's norm is beyond `normLimit`
   * (default: no limit).
   */
  step(batch: Batch, rate: number, normLimit?: number): Promise<StepResult>;
  /** bits/dim of each image, by the averaged parameters where they are kept. */
  evaluate(batch: Batch): Promise<Float64Array>;
  /** A copy of the state as it is now. */
  snapshot(): Promise<EngineState>;
  /**
   * The same with as few copies as can be: each tensor's numbers are made when they are looked at, so before the next
   * step.
   */
  state(): Promise<EngineState>;
  restore(state: EngineState): Promise<void>;
  dispose(): Promise<void>;
}

/**
 * The part of an engine that needs a tensor library. Parameters and gradients are flat vectors in the order of
 * `parameterLayout`, so that optimising, averaging over workers and saving are loops over numbers.
 */
export interface Differentiator {
  readonly description: string;
  initialise(parameters: Float32Array, batch: Batch): Promise<Float32Array>;
  /** bits/dim of the images, and the gradient of their mean, which may be overwritten by the next call. */
  gradient(parameters: Float32Array, batch: Batch): Promise<Scores & { gradient: Float32Array }>;
  evaluate(parameters: Float32Array, batch: Batch): Promise<Float64Array>;
  /** Where parameters can stay in a GPU's memory from step to step: an engine of these, which do. */
  readonly residentEngine?: (initial: Named<Float64Tensor>, settings: LearnSettings) => Promise<Engine>;
  dispose(): Promise<void>;
}

export type LearnSettings = Pick<TrainSettings, 'optimizer' | 'clip' | 'ema'>;
