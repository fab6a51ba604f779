import type { Dequantisation } from '@glow-onnx/flow';
import { trainEpoch } from './train-epoch.js';
import { createRunState, type TrainingRun } from './training-run.js';
import { concludeEpoch, isConcluded, isOutOfPatience, owesValidation } from './validate.js';

/** The outcome of a training run. */
export interface TrainResult {
  /** Why training ended: all epochs done, time budget used up, interrupted by `signal`, or no better validation. */
  readonly ended: 'epochs' | 'time' | 'signal' | 'patience';
  /** Validation bits/dim at the start of the run and of `best.safetensors`, by the bound of `dequantisation`. */
  readonly bitsPerDim: { readonly before: number; readonly best: number };
  /** The noise that the run trains with. */
  readonly dequantisation: Dequantisation;
  /** Steps done, including skipped steps. */
  readonly steps: number;
  /** Epochs completed. */
  readonly epochs: number;
  /** Training images seen. */
  readonly images: number;
  /** Steps skipped because the norm of their gradient was an outlier. */
  readonly skipped: number;
  /** Steps undone because their loss or gradient was not finite. */
  readonly rolledBack: number;
  /** Training time in seconds, over all resumptions. */
  readonly seconds: number;
  /** Recent speed. */
  readonly imagesPerSecond: number;
  /** The library and the device, such as `ONNX Runtime on cpu`. */
  readonly engine: string;
}

/**
 * Trains epoch by epoch and validates after each (`isConcluded`), until the epochs, the time or the patience end, or the
 * user ends it. It saves `last` at the start, every five minutes, with each validation and at the end, and `best` when
 * validation is better than ever.
 * @throws Error if the loss is repeatedly not finite; the files are those from before.
 */
export async function runTraining(run: TrainingRun): Promise<TrainResult> {
  const { engine, batches, settings } = run;
  const state = createRunState(run);
  const { counters, pace } = state;
  /** @returns why training ends, which may be a signal in between. */
  const concluded = async (ended: TrainResult['ended'] | undefined) =>
    (await concludeEpoch(state, ended === 'time')) ? ended : 'signal';
  if (!run.counters) {
    if (!run.initialised) await engine.initialise(await batches.training(batches.order(0)[0], 0));
    await concludeEpoch(state);
  }
  let ended: TrainResult['ended'] | undefined = await state.endsEarly();
  if (owesValidation(state, ended)) ended = await concluded(ended);
  while (ended === undefined && counters.epoch < settings.epochs && !isOutOfPatience(state)) {
    ended = await trainEpoch(state);
    counters.epoch = Math.floor(counters.step / batches.stepsPerEpoch);
    if (ended !== undefined || isConcluded(counters.epoch, settings.epochs, batches.stepsPerEpoch)) {
      ended = await concluded(ended);
    }
  }
  return {
    ended: ended ?? (counters.epoch < settings.epochs ? 'patience' : 'epochs'),
    bitsPerDim: { before: counters.before, best: counters.best },
    dequantisation: settings.dequantisation,
    steps: counters.step,
    epochs: counters.epoch,
    images: counters.images,
    skipped: counters.skipped,
    rolledBack: counters.rolledBack,
    seconds: counters.seconds,
    imagesPerSecond: pace.imagesPerSecond,
    engine: engine.description,
  };
}
