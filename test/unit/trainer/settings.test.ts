import { rateAt, riseOfRate } from '../../../packages/trainer/src/run/learning-rate.js';
import { checkSettings } from '../../../packages/trainer/src/settings/check-settings.js';
import { defaultSettings, type TrainSettings } from '../../../packages/trainer/src/settings/settings.js';

const rates = (schedule: TrainSettings['schedule'], at: number[]): number[] =>
  at.map((step) => rateAt(step, { rate: 0.4, warmup: 4, schedule }, 104));

test('the rate rises over the warm-up and then stays', () => {
  expect(rates('constant', [0, 1, 2, 3, 4, 103])).toEqual([0.1, 0.2, expect.closeTo(0.3, 12), 0.4, 0.4, 0.4]);
  expect(rateAt(0, { rate: 0.4, warmup: 0, schedule: 'constant' }, 10)).toBe(0.4);
});

test('a cosine schedule falls from the rate over its half, midway, to nearly nothing', () => {
  expect(rates('cosine', [3, 4, 29, 54, 79])).toEqual(
    [0.4, 0.4, 0.2 * (1 + Math.SQRT1_2), 0.2, 0.2 * (1 - Math.SQRT1_2)].map((rate) =>
      expect.closeTo(rate, 12),
    ),
  );
  expect(rates('cosine', [103])[0]).toBeCloseTo(0.4 * Math.sin(Math.PI / 200) ** 2, 12);
});

test('a step schedule takes a tenth from the middle and a hundredth from three quarters', () => {
  expect(rates('step', [4, 53, 54, 78, 79, 103])).toEqual([0.4, 0.4, 0.04, 0.04, 0.004, 0.004]);
});

test.each<[Partial<Record<keyof TrainSettings, unknown>>, string]>([
  [{ optimizer: 'sgd' }, 'optimizer must be one of adam, adamax, muon, got "sgd"'],
  [{ schedule: 'linear' }, 'schedule must be one of constant, cosine, step, got "linear"'],
  [{ ema: 1 }, 'ema must be a number from 0 (no average) to below 1, got 1'],
  [{ skipOutliers: 1 }, 'skipOutliers must be a number above 1, or 0 to skip no step, got 1'],
  [{ skipOutliers: Number.NaN }, 'got NaN'],
  [{ accumulate: 0 }, 'accumulate must be a positive integer, got 0'],
  [{ batch: 4, accumulate: 5 }, 'accumulate must be at most batch, 4, got 5'],
  [{ flip: 1 }, 'flip must be true or false, got 1'],
  [{ patience: -1 }, 'patience must be an integer of at least 0, got -1'],
  [{ timeBudgetMinutes: -1 }, 'timeBudgetMinutes must be a number of at least 0 (0: no limit), got -1'],
  [{ timeBudgetMinutes: Number.NaN }, 'got NaN'],
  [{ shift: -1 }, 'shift must be an integer of at least 0, got -1'],
  [{ rate: '1e-3' }, 'rate must be a number above 0, got "1e-3"'],
])('%j is refused', (wrong, message) => {
  const settings = { ...defaultSettings, ...wrong } as TrainSettings;
  expect(() => checkSettings(settings)).toThrow(message);
});

test('the defaults are fit to train with', () => {
  expect(() => checkSettings(defaultSettings)).not.toThrow();
});

describe('the rate of a resumed run', () => {
  const before = { ...defaultSettings, warmup: 0, schedule: 'cosine', epochs: 10 } as const;
  const half = { step: 500, seconds: 600 };
  const rise = (now: Partial<TrainSettings>, was: Partial<TrainSettings> = before, at = half) =>
    riseOfRate(at, was, { ...before, ...now }, 100);

  test.each<[string, Partial<TrainSettings>, Partial<TrainSettings>, string]>([
    ['has more epochs', { epochs: 20 }, before, 'from 0.0005 to 0.000854: the run is longer'],
    [
      'has a longer budget',
      { timeBudgetMinutes: 20 },
      { ...before, timeBudgetMinutes: 10 },
      'from 0 to 0.0005',
    ],
    ['has its budget no more', {}, { ...before, timeBudgetMinutes: 10 }, 'from 0 to 0.0005'],
  ])('rises, and a warning says so, if it %s', (_, now, was, message) => {
    expect(rise(now, was)).toContain(`the learning rate rises ${message}`);
  });

  test('the warning names another schedule', () => {
    expect(rise({ schedule: 'constant' })).toContain('its schedule was cosine and is constant');
  });

  test.each<[string, Partial<TrainSettings>, Partial<TrainSettings>]>([
    ['nothing changes', {}, before],
    ['it has no step left', { epochs: 3 }, before],
    ['it is shorter', { epochs: 6 }, before],
    ['its schedule is constant', { schedule: 'constant', epochs: 20 }, { ...before, schedule: 'constant' }],
    ['its rate was given', { epochs: 20, rate: 1e-2 }, before],
  ])('needs no warning if %s', (_, now, was) => {
    expect(rise(now, was)).toBeUndefined();
  });
});
