import { atStart } from '../../../packages/trainer/src/run/counters.js';
import type { RunState } from '../../../packages/trainer/src/run/training-run.js';
import { concludeEpoch } from '../../../packages/trainer/src/run/validate.js';
import { defaultSettings } from '../../../packages/trainer/src/settings/settings.js';

/** Whether the report is told that these images are the last ones of the run. */
async function isLast(counters: Partial<typeof atStart>, timeIsUp: boolean, patience = 0): Promise<unknown> {
  const epoch = jest.fn(async () => undefined);
  async function* validation() {
    yield {};
  }
  const state = {
    run: {
      engine: { evaluate: async () => [3], state: async () => ({}) },
      batches: { validation, stepsPerEpoch: 10 },
      settings: { ...defaultSettings, epochs: 4, patience },
      report: { epoch },
    },
    counters: { ...atStart, step: 10, epoch: 1, best: 2, ...counters },
    isInterrupted: async () => false,
    save: async () => {},
    log: async () => {},
    progress: () => ({}),
  };
  await concludeEpoch(state as unknown as RunState, timeIsUp);
  return (epoch.mock.calls[0] as unknown[])[2];
}

test.each([
  ['the last epoch', { epoch: 4 }, false, 0, true],
  ['the end of the time budget', {}, true, 0, true],
  ['the end of patience', { stale: 1 }, false, 2, true],
  ['an epoch between', { stale: 1 }, false, 3, false],
] as const)(
  '%s has images, however long they take: %j',
  async (_, counters, timeIsUp, patience, expected) => {
    expect(await isLast(counters, timeIsUp, patience)).toBe(expected);
  },
);
