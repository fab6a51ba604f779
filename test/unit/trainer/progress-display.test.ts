import { Writable } from 'node:stream';
import { createDisplay } from '../../../packages/trainer/src/cli/progress-display.js';
import { count } from '../../../packages/trainer/src/report/numbers.js';
import type { Progress } from '../../../packages/trainer/src/report/progress.js';
import { stable } from '../../../packages/trainer/src/run/stability.js';

const progress: Progress = {
  ...stable,
  step: 1234,
  epoch: 12,
  images: 39_488,
  seconds: 90,
  before: 5,
  best: 3.071,
  stale: 0,
  phase: 'training',
  bitsPerDim: 3.0249,
  epochs: 100,
  stepsPerEpoch: 100,
  imagesPerSecond: 163.7,
  waiting: 0.001,
  secondsLeft: 5025,
  timeUsed: 0,
  dequantisation: 'uniform',
  engine: 'fake on cpu',
};

/** What a display writes that has so many columns; without columns it is no terminal. */
function shown(columns: number | undefined, changes: Partial<Progress> = {}): string {
  let written = '';
  const stderr = new Writable({
    write(chunk, _, done) {
      written += chunk;
      done();
    },
  });
  Object.assign(stderr, columns === undefined ? {} : { isTTY: true, columns, cursorTo: () => true });
  const display = createDisplay({ stdout: stderr, stderr });
  display.training({ ...progress, ...changes });
  display.stop();
  return written.split('\n').find((line) => line.includes('bits/dim')) ?? '';
}

test('a line tells what counts, and fits a terminal of 80 columns', () => {
  expect(shown(undefined)).toBe(
    'training 1234/10000 epoch 13/100, 3.02 bits/dim, best 3.07, 164/s, 1h23m left',
  );
  expect(shown(80)).toContain('epoch 13/100, 3.02 bits/dim, best 3.07, 164/s, 1h23m left');
});

test.each([
  [60, '3.02 bits/dim, 164/s, 1h23m left'],
  [40, '3.02 bits/dim'],
])('in %d columns it leaves out what counts less', (columns, note) => {
  const line = shown(columns);
  expect(line).toContain(` ${note}`);
  expect(line).not.toContain('best');
});

test('a run that its time budget will end has no number of steps or epochs to reach', () => {
  expect(shown(undefined, { timeUsed: 0.13 })).toBe(
    'training 1234 epoch 13, 3.02 bits/dim, best 3.07, 164/s, 1h23m left',
  );
  expect(shown(undefined, { timeUsed: 0.12 })).toContain('training 1234/10000 epoch 13/100, ');
  const cells = (changes: Partial<Progress>) => shown(120, changes).split('█').length - 1;
  expect([cells({ timeUsed: 0.5 }), cells({ step: 7500, timeUsed: 0.5 })]).toEqual([8, 11]);
});

test('waiting for images is told where it costs time', () => {
  expect(shown(undefined, { waiting: 0.25 })).toContain('164/s, waits 25%, 1h23m left');
  expect(shown(undefined)).not.toContain('waits');
});

test('what is not known yet is left out', () => {
  const changes = { imagesPerSecond: 0, secondsLeft: Infinity, best: Infinity, step: 0, epoch: 0 };
  expect(shown(undefined, changes)).toBe('training 0/10000 epoch 1/100, 3.02 bits/dim');
});

test('one is singular', () => {
  expect([count(0, 'step'), count(1, 'step'), count(1234, 'step')]).toEqual([
    '0 steps',
    '1 step',
    '1,234 steps',
  ]);
});
