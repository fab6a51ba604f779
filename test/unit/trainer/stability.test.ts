import {
  normLimit,
  noteStep,
  notFinite as notFiniteError,
  type Stability,
  stable,
} from '../../../packages/trainer/src/run/stability.js';

const good = { bitsPerDim: 3, bitsPerDimLevels: [], gradientNorm: 2, applied: true };
const notFinite = { ...good, bitsPerDim: Number.NaN, applied: false };

/** What noting steps one after the other advises. */
function noteAll(stability: Stability, steps: readonly (typeof good)[]): string[] {
  return steps.map((step) => noteStep(stability, step));
}

test('an outlier is a gradient some times the median of the last hundred, once twenty are known', () => {
  const stability = { ...stable };
  noteAll(stability, new Array(19).fill(good));
  expect(normLimit(stability, 10)).toBe(Number.POSITIVE_INFINITY);
  noteStep(stability, { ...good, gradientNorm: 500 });
  expect(normLimit(stability, 10)).toBe(20);
  expect(normLimit(stability, 0)).toBe(Number.POSITIVE_INFINITY);
  noteAll(stability, new Array(100).fill({ ...good, gradientNorm: 4 }));
  expect(normLimit(stability, 10)).toBe(40);
});

test('gradients that stay large are no outliers any more after fifty steps', () => {
  const stability = { ...stable };
  noteAll(stability, new Array(100).fill(good));
  noteAll(stability, new Array(51).fill({ ...good, gradientNorm: 300, applied: false }));
  expect(stability.skipped).toBe(51);
  expect(normLimit(stability, 10)).toBe(3000);
});

test('a step that is not finite is counted, halves the rate and leaves the norms alone', () => {
  const stability = { ...stable };
  noteStep(stability, good);
  noteStep(stability, { ...good, gradientNorm: Number.POSITIVE_INFINITY, applied: false });
  noteStep(stability, notFinite);
  expect(stability).toEqual({ skipped: 0, rolledBack: 2, rateFactor: 0.25, streak: -2, recentNorms: [2] });
});

test('the third in a row returns to the checkpoint, the tenth gives up', () => {
  const advice = noteAll({ ...stable }, new Array(10).fill(notFinite));
  expect(advice).toEqual([
    ...['continue', 'continue', 'return'],
    ...new Array(6).fill('continue'),
    'give up',
  ]);
  expect(noteAll({ ...stable }, [notFinite, notFinite, good, notFinite, notFinite])).not.toContain('return');
});

test('a thousand finite steps double the rate again, up to what it was', () => {
  const stability = { ...stable };
  noteAll(stability, [notFinite, notFinite]);
  noteAll(stability, new Array(999).fill(good));
  expect(stability.rateFactor).toBe(0.25);
  noteStep(stability, good);
  expect(stability.rateFactor).toBe(0.5);
  noteAll(stability, new Array(3000).fill(good));
  expect(stability.rateFactor).toBe(1);
});

test('the error of a run that is not finite tells of checkpoints only if there are some', () => {
  const messageAt = (step: number) =>
    notFiniteError({ ...stable, step }, { bitsPerDim: Number.NaN }, 'runs/a').message;
  expect(messageAt(0)).toBe(
    'training: not finite after 0 steps (bitsPerDim NaN), 0 steps undone; nothing was saved; ' +
      'start again with a lower --lr or --clip or a longer --warmup',
  );
  expect(messageAt(9)).toContain(
    'the checkpoints in runs/a are from before; resume from them, or start again',
  );
});
