import { createGlow } from '@glow-onnx/flow';
import { forecast, multiplications } from '../../../packages/trainer/src/run/forecast.js';
import { rateAt } from '../../../packages/trainer/src/run/learning-rate.js';
import { createPace } from '../../../packages/trainer/src/run/pace.js';
import { tinyConfig } from '../../support/tiny-config.js';

const config = tinyConfig({ steps: 6 });
const batch = 32;

/** A pace of 64 images per second with so many seconds of its budget left. */
const pace = (budget = Number.POSITIVE_INFINITY) => ({
  imagesPerSecond: 64,
  secondsLeft: (images: number) => Math.min(budget, images / 64),
});

test('a run without a budget takes all of its steps', () => {
  expect(forecast(10, 2010, pace(), config, { batch }, false)).toMatchObject({
    ...{ stepsLeft: 2000, secondsLeft: 1000, endsByTime: false },
    smaller: { steps: 3 },
  });
});

test('a time budget ends it after the steps that fit', () => {
  expect(forecast(10, 2010, pace(100), config, { batch }, false)).toMatchObject({
    ...{ stepsLeft: 200, secondsLeft: 100, endsByTime: true },
  });
});

test('the time until shapes appear counts from the start, and a model that has shapes has none', () => {
  const { shapes } = forecast(10, 2010, pace(), config, { batch }, false);
  expect(shapes?.seconds).toEqual(shapes?.steps.map((steps) => (steps - 10) / 2));
  expect(forecast(1e6, 2e6, pace(), config, { batch }, false).shapes?.seconds).toEqual([0, 0]);
  expect(forecast(10, 2010, pace(), config, { batch }, true)).not.toHaveProperty('shapes');
});

test.each(['tanh', 'additive'] as const)('the multiplications of %s are those of its kernels', (coupling) => {
  const odd = tinyConfig({ coupling, height: 16, width: 8, steps: 3 });
  // Each weight of a convolution is multiplied once for each pixel of its level.
  const expected = createGlow(odd)
    .params.filter(({ name }) => /conv\d\.weight$/.test(name))
    .reduce((sum, { name, shape }) => {
      const level = Number(/^levels\.(\d)/.exec(name)?.[1]);
      return sum + (shape.reduce((a, b) => a * b, 1) * 16 * 8) / 4 ** (level + 1);
    }, 0);
  const mixing = Array.from(
    { length: odd.levels },
    (_, l) => (3 * (12 * 2 ** l) ** 2 * 16 * 8) / 4 ** (l + 1),
  );
  expect(multiplications(odd)).toBe(expected + mixing.reduce((a, b) => a + b, 0));
});

test('a schedule ends with the steps or with the time, whichever ends first', () => {
  const settings = { rate: 1, warmup: 0, schedule: 'cosine' } as const;
  expect(rateAt(50, settings, 100, 0)).toBeCloseTo(0.5);
  expect(rateAt(50, settings, 100, 0.25)).toBeCloseTo(0.5);
  expect(rateAt(0, settings, 100, 0.5)).toBeCloseTo(0.5);
  expect(rateAt(50, settings, 100, 1)).toBeCloseTo(0);
  expect(rateAt(0, { ...settings, schedule: 'constant' }, 100, 1)).toBe(1);
});

test('within a time budget, the rate has risen after a twentieth of the time at the latest', () => {
  const settings = { rate: 1, warmup: 300, schedule: 'cosine' } as const;
  expect(rateAt(29, settings, 1e6, 0.01)).toBeCloseTo(0.2);
  expect(rateAt(149, settings, 1e6, 0.01)).toBeCloseTo(0.5);
  expect(rateAt(199, settings, 1e6, 0.5)).toBeCloseTo(0.5);
  expect(rateAt(199, settings, 1e6, 1)).toBeCloseTo(0);
  expect(rateAt(149, settings, 1e6)).toBeCloseTo(0.5);
});

test('the time left has the share that validations and files took', () => {
  const clock = jest.spyOn(performance, 'now');
  const at = (seconds: number) => clock.mockReturnValue(1000 * seconds);
  at(0);
  const pace = createPace(0, 0);
  at(100); // a first validation, which comes once
  pace.resumeClock();
  at(110);
  pace.note(100, 0);
  expect(pace.secondsLeft(100)).toBeCloseTo(10);
  at(140);
  pace.resumeClock();
  at(150);
  pace.note(100, 0);
  expect(pace.imagesPerSecond).toBeCloseTo(10);
  expect(pace.secondsLeft(100)).toBeCloseTo(25); // twenty of fifty seconds were training
  clock.mockRestore();
});

test('a time budget counts the earlier pieces of a run, and without a budget no time is used up', () => {
  expect(createPace(0, 1e9).timeUsed).toBe(0);
  expect(createPace(0, 1e9).secondsLeft(1)).toBe(Number.POSITIVE_INFINITY);
  expect(createPace(1, 60).timeUsed).toBe(1);
  expect(createPace(1e6, 3e7).timeUsed).toBeCloseTo(0.5);
  expect(createPace(1e6, 3e7).secondsLeft(1) / 3e7).toBeCloseTo(1);
});
