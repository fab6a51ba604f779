import type { Dequantisation } from '@glow-onnx/flow';
import type { LearningSettings } from '../engine/contract.js';

export const schedules = ['constant', 'cosine', 'step'] as const;
/**
 * The learning rate after the warm-up. `constant`: it stays. `cosine`: half a cosine down to 0 at the last step
 * (Loshchilov & Hutter 2017). `step`: a tenth after half of the steps, a hundredth after three quarters.
 */
export type ScheduleName = (typeof schedules)[number];

/** The settings of a training run. Its checkpoints keep them, so that a resumed run needs none. */
export interface TrainSettings extends LearningSettings {
  /** Passes over the training images, in whole batches. A positive integer. Default 10. */
  readonly epochs: number;
  /** Images of a step. A positive integer. Default 32. */
  readonly batch: number;
  /**
   * Computes the gradient of each batch in this number of parts, one after the other, so that memory has to hold only
   * one part. From 1 to `batch`. Default 1.
   */
  readonly accumulate: number;
  /**
   * The noise that turns pixels into real numbers: `uniform`, or `variational`, a flow of the noise given the image that is
   * trained with the model and is not exported. It decides the bound that training lowers, and by which `best` and
   * `patience` judge. Default `uniform`.
   */
  readonly dequantisation: Dequantisation;
  /** Learning rate after the warm-up, above 0. Default 0.001. */
  readonly rate: number;
  /** Steps over which the learning rate rises linearly to `rate`. Default 100. */
  readonly warmup: number;
  /**
   * How the learning rate changes after the warm-up. It ends with the last epoch or with the time budget, whichever comes
   * first. Default `constant`.
   */
  readonly schedule: ScheduleName;
  /**
   * Skips steps whose gradient norm is above this factor times the median norm of the last 100 steps. A factor above 1,
   * or 0 to skip no step. Default 20.
   */
  readonly skipOutliers: number;
  /** Mirrors half of the training images, left to right. Default false. */
  readonly flip: boolean;
  /** Moves training images by up to this number of pixels, vertically and horizontally. Default 0. */
  readonly shift: number;
  /** Ends training after this number of epochs in a row without a better validation. 0: never. Default 0. */
  readonly patience: number;
  /** Ends training after this time, in minutes over all resumptions. 0: never. Default 0. */
  readonly timeBudgetMinutes: number;
  /** Share of the images that is held out for validation, between 0 and 1. Default 0.1. */
  readonly valFraction: number;
  /** Decides the first parameters, the split, the order of the images, augmentation and noise. Default 1. */
  readonly seed: number;
  /** The attribute of the data that gives a class-conditional model its classes. Default null: no classes. */
  readonly labels: string | null;
}

/** The settings of a run that sets none. */
export const defaultSettings: TrainSettings = {
  epochs: 10,
  batch: 32,
  accumulate: 1,
  dequantisation: 'uniform',
  optimizer: 'adam',
  beta1: 0.9,
  beta2: 0.999,
  rate: 1e-3,
  warmup: 100,
  schedule: 'constant',
  clip: 50,
  skipOutliers: 20,
  ema: 0.999,
  flip: false,
  shift: 0,
  patience: 0,
  timeBudgetMinutes: 0,
  valFraction: 0.1,
  seed: 1,
  labels: null,
};
