import { isDue } from '../../../../packages/trainer/src/report/run-report.js';

test('pictures that are soon drawn are drawn each epoch, slow ones in a twentieth of the time', () => {
  expect(isDue(0, Number.POSITIVE_INFINITY)).toBe(true);
  expect(isDue(2000, 100)).toBe(true);
  expect(isDue(10_000, 190_000)).toBe(false);
  expect(isDue(10_000, 210_000)).toBe(true);
});
