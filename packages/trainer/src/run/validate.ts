import type { Dequantisation } from '@glow-onnx/flow';
import { mean } from '@glow-onnx/runtime/internal';
import { heldOutBitsPerDim } from '../folder/metrics.js';
import { notFinite, tooUnlike } from './stability.js';
import type { RunState } from './training-run.js';

/** Epochs at the beginning of a run that are all validated. Later validations are so many steps apart, or more. */
const [FIRST_EPOCHS, STEPS_BETWEEN] = [10, 50];

/**
 * Whether a run validates, saves and draws after this epoch. With few images, an epoch is a step or two, and most of
 * the time would go into files and pictures.
 */
export function isConcluded(epoch: number, epochs: number, stepsPerEpoch: number): boolean {
  const every = Math.ceil(STEPS_BETWEEN / stepsPerEpoch);
  return epoch <= FIRST_EPOCHS || epoch === epochs || epoch % every === 0;
}

/** Whether a signal has kept a resumed run from a validation: that of an epoch, or that of the end of its time. */
export function owesValidation(
  { run, counters }: RunState,
  ended: Awaited<ReturnType<RunState['endsEarly']>>,
): boolean {
  const { step, epoch, validated } = counters;
  const { stepsPerEpoch } = run.batches;
  if (validated === step || ended === 'signal') return false;
  return (
    ended === 'time' || (step % stepsPerEpoch === 0 && isConcluded(epoch, run.settings.epochs, stepsPerEpoch))
  );
}

/**
 * Validates, saves, and updates the report. It draws images only after the first step, and not after an interruption.
 * @param timeIsUp whether the time budget ends the run here.
 * @returns whether it validated: a signal may end it before.
 */
export async function concludeEpoch(state: RunState, timeIsUp = false): Promise<boolean> {
  await validate(state);
  await state.save();
  await report(state, timeIsUp);
  return state.counters.validated === state.counters.step;
}

async function report(state: RunState, timeIsUp: boolean): Promise<void> {
  const { run, counters } = state;
  const scores = state.scores?.[run.settings.dequantisation];
  const validated = state.progress('validating', scores ? mean(scores) : Number.NaN);
  if ((await state.isInterrupted()) || counters.step === 0) return run.report?.refresh(validated);
  const isLast = timeIsUp || counters.epoch >= run.settings.epochs || isOutOfPatience(state);
  const epoch = await run.report?.epoch(validated, await run.engine.state(), isLast);
  if (epoch) run.onEpoch?.(epoch);
}

/** Whether `patience` ends the run. */
export function isOutOfPatience({ run: { settings }, counters }: RunState): boolean {
  return settings.patience > 0 && counters.stale >= settings.patience;
}

/**
 * Scores the held-out images and saves the parameters as `best` if they score better than ever, by the bound that is
 * trained. The uniform bound is there too, because a model folder has no other, unless it is not finite. An interruption ends it early, except
 * for the first validation of a run.
 */
async function validate(state: RunState): Promise<void> {
  const { run, counters } = state;
  const { engine, batches, folder } = run;
  const { dequantisation } = run.settings;
  const bounds = new Set<Dequantisation>(['uniform', dequantisation]);
  const found: Record<Dequantisation, number[]> = { uniform: [], variational: [] };
  for await (const batch of batches.validation()) {
    if ((await state.isInterrupted()) && counters.step > 0) return;
    for (const bound of bounds) found[bound].push(...(await engine.evaluate(batch, bound)));
    run.onProgress?.(state.progress('validating', mean(found[dequantisation])));
  }
  const bitsPerDim = mean(found[dequantisation]);
  if (!Number.isFinite(bitsPerDim)) {
    throw counters.step === 0 && run.startedFrom !== undefined
      ? tooUnlike(run.startedFrom, bitsPerDim)
      : notFinite(counters, { bitsPerDim }, folder.path);
  }
  const finite = [...bounds].filter((bound) => Number.isFinite(mean(found[bound])));
  const epochsSince = counters.epoch - Math.floor(counters.validated / batches.stepsPerEpoch);
  counters.validated = counters.step;
  state.scores = Object.fromEntries(finite.map((bound) => [bound, Float64Array.from(found[bound])]));
  if (counters.step === 0) counters.before = bitsPerDim;
  const { step, epoch, images } = counters;
  await state.log({
    ...{ step, epoch, images },
    ...Object.fromEntries(finite.map((bound) => [heldOutBitsPerDim[bound], mean(found[bound])])),
  });
  if (bitsPerDim >= counters.best) {
    // A validation after an interruption is one that an uninterrupted run would not have.
    if (step % batches.stepsPerEpoch === 0) counters.stale += epochsSince;
    return;
  }
  counters.best = bitsPerDim;
  counters.stale = 0;
  await folder.saveBest(await state.checkpoint());
}
