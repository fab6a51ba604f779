import type { Dequantisation } from '@glow-onnx/flow';

/** The progress of a run, after every step and every batch of validation. */
export interface Progress {
  /** Whether a training step or a batch of validation has just ended. */
  readonly phase: 'training' | 'validating';
  /** bits/dim by the bound of `dequantisation`: of the step, or the mean of the validation images so far. */
  readonly bitsPerDim: number;
  /** Steps done, including skipped steps. */
  readonly step: number;
  readonly stepsPerEpoch: number;
  /** Epochs completed. */
  readonly epoch: number;
  /** Epochs of the whole run. */
  readonly epochs: number;
  /** Training images seen. */
  readonly images: number;
  /** Training time in seconds, without pauses between resumed runs. */
  readonly seconds: number;
  /** Validation bits/dim at the start, by the same bound. Infinity until it is known. */
  readonly before: number;
  /** Best validation bits/dim so far, by the same bound. Infinity until it is known. */
  readonly best: number;
  /** Epochs in a row whose validation was not better than the best. */
  readonly stale: number;
  /** Steps skipped because the norm of their gradient was an outlier. */
  readonly skipped: number;
  /** Steps undone because their loss or gradient was not finite. */
  readonly rolledBack: number;
  /** Factor of the learning rate: halved by each step undone, doubled after 1000 finite steps in a row, at most 1. */
  readonly rateFactor: number;
  /** Recent speed. 0 until it is known. */
  readonly imagesPerSecond: number;
  /** Share of the recent time, 0 to 1, in which training waited for images. */
  readonly waiting: number;
  /** Seconds until the last epoch or the end of the time budget. Infinity until it is known. */
  readonly secondsLeft: number;
  /** Share of the time budget that is used up, 0 to 1. 0 without a budget. */
  readonly timeUsed: number;
  /** The noise that the run trains with. */
  readonly dequantisation: Dequantisation;
  /** The library and the device, such as `ONNX Runtime on cpu`. */
  readonly engine: string;
}

/** Whether the time budget will end the run before its epochs do, if it goes on as fast as so far. */
export function endsByTime({
  step,
  stepsPerEpoch,
  epochs,
  timeUsed,
}: Pick<Progress, 'step' | 'stepsPerEpoch' | 'epochs' | 'timeUsed'>): boolean {
  return timeUsed > step / (epochs * stepsPerEpoch);
}
