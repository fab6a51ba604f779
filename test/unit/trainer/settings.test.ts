import { rateAt } from '../../../packages/trainer/src/run/learning-rate.js';
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
  [{ optimizer: 'sgd' }, 'optimizer must be one of adam, adamax, got "sgd"'],
  [{ schedule: 'linear' }, 'schedule must be one of constant, cosine, step, got "linear"'],
  [{ ema: 1 }, 'ema must be a number from 0 (no average) to below 1, got 1'],
  [{ skipOutliers: 1 }, 'skipOutliers must be a number above 1, or 0 to skip no step, got 1'],
  [{ skipOutliers: Number.NaN }, 'got NaN'],
  [{ accumulate: 0 }, 'accumulate must be a positive integer, got 0'],
  [{ batch: 4, accumulate: 5 }, 'accumulate must be at most batch, 4, got 5'],
  [{ flip: 1 }, 'flip must be true or false, got 1'],
  [{ patience: -1 }, 'patience must be an integer of at least 0, got -1'],
  [{ shift: -1 }, 'shift must be an integer of at least 0, got -1'],
  [{ rate: '1e-3' }, 'rate must be a number above 0, got "1e-3"'],
])('%j is refused', (wrong, message) => {
  const settings = { ...defaultSettings, ...wrong } as TrainSettings;
  expect(() => checkSettings(settings)).toThrow(message);
});

test('the defaults are fit to train with', () => {
  expect(() => checkSettings(defaultSettings)).not.toThrow();
});
