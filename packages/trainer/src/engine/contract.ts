import type { Dequantisation, Float64Tensor, Named } from '@glow-onnx/flow';
import type { Batch } from './batch.js';
import type { OptimizerName } from './optimizer.js';

/** How gradients change parameters. */
export interface LearningSettings {
  /**
   * The optimiser: `adam` (Kingma & Ba 2015, algorithm 1), `adamax` (algorithm 2), or `muon` (Jordan et al. 2024), which
   * turns the step of each kernel of conditioners and priors into a matrix near an orthogonal one, and is Adam for all
   * else. Default `adam`.
   */
  readonly optimizer: OptimizerName;
  /** Decay of the optimiser's average of gradients, from 0 to below 1. Default 0.9. */
  readonly beta1: number;
  /**
   * Decay of its average of squared gradients (Adam, Muon) or of their largest value (Adamax), above 0, below 1. Default
   * 0.999.
   */
  readonly beta2: number;
  /** Largest global norm of a gradient, above 0. A larger gradient is scaled down to this norm. Default 50. */
  readonly clip: number;
  /**
   * Decay of the moving average of the parameters, from 0 to below 1. Validation, samples and export use the average.
   * 0 keeps no average. Default 0.999.
   */
  readonly ema: number;
}

/** The outcome of a training step. */
export interface StepResult {
  /** Mean bits/dim of the batch before the step, by the bound that is trained. */
  readonly bitsPerDim: number;
  /** The part of `bitsPerDim` that each level adds, the finest level first. */
  readonly bitsPerDimLevels: readonly number[];
  /** Global norm of the gradient of `bitsPerDim`, before clipping. */
  readonly gradientNorm: number;
  /** Whether the step changed the parameters. */
  readonly applied: boolean;
}

/** All that the next step depends on, besides its batch and learning rate. */
export interface EngineState {
  /** The parameters that training changes, by name. */
  readonly trainable: Named<Float64Tensor>;
  /** Moving averages of the trainable parameters. Absent if `ema` is 0. */
  readonly ema?: Named<Float64Tensor>;
  /** The optimiser's moments of the gradient, by parameter: `m` the first, `v` the second (0 where Muon needs none). */
  readonly optimizer: { readonly m: Named<Float64Tensor>; readonly v: Named<Float64Tensor> };
  /** Number of steps that changed the parameters. The bias correction of moments and averages needs it. */
  readonly steps: number;
}

/** Trains a model, one batch at a time. It knows nothing of data sets, schedules and files. */
export interface Engine {
  /** The library and the device, in words, such as `ONNX Runtime on cpu`. */
  readonly description: string;
  /**
   * Initialises the trainable parameters from data: afterwards the output of each actnorm has mean 0 and variance 1
   * on this batch. A new model needs it once, before its first step.
   * @throws RangeError if the batch does not fit the model; Error if the device is out of memory or was lost.
   * @example
   * await engine.initialise({ count: 32, x });
   */
  initialise(batch: Batch): Promise<void>;
  /**
   * Takes one training step. The step is not applied, and nothing changes, if the loss or the gradient is not finite
   * (on a GPU also if the norm is above 1e19), or if the norm of the gradient is above `normLimit`.
   * @param rate the learning rate, such as 1e-3.
   * @param normLimit default: no limit.
   * @throws RangeError if the batch does not fit the model; Error if the device is out of memory or was lost.
   * @example
   * const { bitsPerDim, applied } = await engine.step({ count: 32, x }, 1e-3);
   */
  step(batch: Batch, rate: number, normLimit?: number): Promise<StepResult>;
  /**
   * Scores images with the averaged parameters, or with the parameters if `ema` is 0.
   * @param dequantisation the noise: uniform, that of the batch, or variational, which the dequantiser makes of it.
   * Default `uniform`, for every model.
   * @returns bits/dim of each image, a bound by one draw of noise.
   * @throws RangeError if the batch does not fit the model, or if it has no dequantiser; Error if the device is out of
   * memory or was lost.
   * @example
   * const [bitsPerDim] = await engine.evaluate({ count: 1, x });
   */
  evaluate(batch: Batch, dequantisation?: Dequantisation): Promise<Float64Array>;
  /**
   * Copies the state. Later steps do not change the copy.
   * @throws Error if the GPU was lost.
   * @example
   * const before = await engine.snapshot();
   * await engine.step(batch, 1e-3);
   * await engine.restore(before); // undoes the step
   */
  snapshot(): Promise<EngineState>;
  /**
   * The state without a copy where possible: numbers are read when `data` of a tensor is read. Read them before the
   * next step.
   * @throws Error if the GPU was lost.
   * @example
   * const { trainable } = await engine.state();
   * const { data } = trainable['levels.0.steps.0.actnorm.bias'];
   */
  state(): Promise<EngineState>;
  /**
   * Continues from a state of this or another engine of the same model and optimiser.
   * @throws RangeError naming a parameter that is missing or has another shape; nothing has changed then.
   * @example
   * await engine.restore(await other.snapshot());
   */
  restore(state: EngineState): Promise<void>;
  /**
   * Frees the memory of the engine. Do not use the engine afterwards.
   * @example
   * await engine.dispose();
   */
  dispose(): Promise<void>;
}
