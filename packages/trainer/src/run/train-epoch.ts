import { mean } from '@glow-onnx/runtime/internal';
import { readAhead } from '../data/read-ahead.js';
import type { StepResult } from '../engine/contract.js';
import type { Counters } from './counters.js';
import { FORECAST_STEPS, forecast } from './forecast.js';
import { rateAt } from './learning-rate.js';
import { runOf } from './run-checkpoint.js';
import { normLimit, noteStep, notFinite } from './stability.js';
import type { RunState } from './training-run.js';

/** Steps of a line of metrics. */
const LOG_STEPS = 50;
/** Seconds between two checkpoints inside an epoch. */
const SAVE_SECONDS = 300;

/** Trains to the end of the epoch. @returns why it ended earlier, if it did. */
export async function trainEpoch(state: RunState): Promise<'signal' | 'time' | undefined> {
  const { run, counters, pace } = state;
  const { engine, batches, settings, ranks } = run;
  const { stepsPerEpoch } = batches;
  const order = batches.order(counters.epoch);
  let recent: StepResult[] = [];
  pace.resumeClock();
  const { images } = counters;
  const upcoming = readAhead(order.slice(counters.step - counters.epoch * stepsPerEpoch), (indices, i) =>
    batches.training(indices, images + i * settings.batch),
  );
  for await (const batch of upcoming) {
    const steps = settings.epochs * stepsPerEpoch;
    const rate = counters.rateFactor * rateAt(counters.step, settings, steps, await ranks.max(pace.timeUsed));
    const result = await engine.step(batch, rate, normLimit(counters, settings.skipOutliers));
    await recover(state, result);
    counters.step++;
    counters.images += settings.batch;
    pace.note(settings.batch, upcoming.waitedSeconds);
    const progress = state.progress('training', result.bitsPerDim);
    run.onProgress?.(progress);
    if (state.ownSteps === FORECAST_STEPS) {
      const fromWeights = run.initialised && !run.counters;
      run.onForecast?.(forecast(counters.step, steps, pace, run.config, settings, fromWeights));
    }
    if (result.applied) recent.push(result);
    const ended = await state.endsEarly();
    if (recent.length === LOG_STEPS || counters.step % stepsPerEpoch === 0 || ended) {
      const { imagesPerSecond, waiting } = pace;
      await state.log({ ...metricsOf(recent, counters), rate, imagesPerSecond, waiting });
      recent = [];
    }
    if (ended) return ended;
    if (pace.elapsedSeconds() - state.savedAt > SAVE_SECONDS && counters.streak > 0) {
      await state.save();
    }
    await run.report?.keepFresh(progress);
  }
  return undefined;
}

/** Counts the step, and returns to the last checkpoint if steps are not finite any more. */
async function recover({ run, counters }: RunState, result: StepResult): Promise<void> {
  const advice = noteStep(counters, result);
  if (advice === 'give up') throw notFinite(counters, result, run.folder.path);
  const last = advice === 'return' ? runOf(await run.folder.readLast()) : undefined;
  if (last) await run.engine.restore(last.state);
}

/** One line of metrics: means over the last applied steps, their largest gradient norm, and the counters. */
function metricsOf(recent: readonly StepResult[], counters: Counters) {
  const { step, epoch, images, skipped, rolledBack } = counters;
  return {
    ...{ step, epoch, images, skipped, rolledBack },
    ...(recent.length > 0 && {
      bitsPerDim: mean(recent.map(({ bitsPerDim }) => bitsPerDim)),
      bitsPerDimLevels: recent[0].bitsPerDimLevels.map((_, l) =>
        mean(recent.map(({ bitsPerDimLevels }) => bitsPerDimLevels[l])),
      ),
      gradientNorm: Math.max(...recent.map(({ gradientNorm }) => gradientNorm)),
    }),
  };
}
