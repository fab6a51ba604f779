import type { TrainSettings } from '../settings/settings.js';

/**
 * The learning rate of a step, counted from 0, of a run of `steps`: a linear rise over the warm-up, then the schedule.
 * @param timeUsed share of the time budget that is used up, 0 to 1. The schedule ends with the steps or with the time,
 * whichever ends first.
 */
export function rateAt(
  step: number,
  { rate, warmup, schedule }: Pick<TrainSettings, 'rate' | 'warmup' | 'schedule'>,
  steps: number,
  timeUsed = 0,
): number {
  if (step < warmup) return (rate * (step + 1)) / warmup;
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
