import { defaultSettings, type TrainSettings } from '../settings/settings.js';
import type { Counters } from './counters.js';
import { shareOfBudget } from './pace.js';

/** The share of a time budget in which the rate has risen at the latest. */
const WARMUP_SHARE = 0.05;

/**
 * The learning rate of a step, counted from 0, of a run of `steps`: a linear rise over the warm-up, or over a twentieth
 * of the time budget if that ends before, then the schedule.
 * @param timeUsed share of the time budget that is used up, 0 to 1. The schedule ends with the steps or with the time,
 * whichever ends first.
 */
export function rateAt(
  step: number,
  { rate, warmup, schedule }: Pick<TrainSettings, 'rate' | 'warmup' | 'schedule'>,
  steps: number,
  timeUsed = 0,
): number {
  const risen = step < warmup ? Math.max((step + 1) / warmup, timeUsed / WARMUP_SHARE) : 1;
  if (risen < 1) return rate * risen;
  const passed = Math.max((step - warmup) / Math.max(1, steps - warmup), timeUsed);
  switch (schedule) {
    case 'constant':
      return rate;
    case 'cosine':
      return (rate * (1 + Math.cos(Math.PI * passed))) / 2;
    case 'step':
      return passed < 0.5 ? rate : passed < 0.75 ? rate / 10 : rate / 100;
    default:
      return schedule satisfies never;
  }
}

/**
 * A warning if a resumed run, where it stands, gets a higher learning rate than before without being told one: its
 * schedule goes back, because it is longer than it was, or is another one. Undefined if the rate does not rise, or the
 * run has no step left.
 * @param before the settings that its checkpoint has; an older version may have saved fewer.
 */
export function riseOfRate(
  { step, seconds }: Pick<Counters, 'step' | 'seconds'>,
  before: Partial<TrainSettings>,
  now: TrainSettings,
  stepsPerEpoch: number,
): string | undefined {
  const [old, next] = [{ ...defaultSettings, ...before }, now].map((settings) =>
    rateAt(
      step,
      settings,
      settings.epochs * stepsPerEpoch,
      shareOfBudget(seconds, settings.timeBudgetMinutes),
    ),
  );
  if (next <= old || now.rate !== before.rate || step >= now.epochs * stepsPerEpoch) return undefined;
  const [from, to] = [old, next].map((rate) => Number(rate.toPrecision(3)));
  return (
    `the learning rate rises from ${from} to ${to}: ` +
    (now.schedule === before.schedule
      ? `the run is longer than it was, so its schedule (${now.schedule}) goes back`
      : `its schedule was ${before.schedule} and is ${now.schedule}`) +
    '. If bits/dim get worse, start anew from its best.safetensors (--init) with a lower rate'
  );
}
