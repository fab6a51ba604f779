import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Progress, type TrainOptions, train } from '@glow-onnx/trainer';
import {
  clockOfRuns,
  ramps,
  readCheckpoint,
  readMetrics,
  temporaryRuns,
  tinySettings,
} from '../../support/training.js';
import { tinyRun as base, vector } from './tiny-run.js';

const runAt = temporaryRuns();
const pass = clockOfRuns();

/** Trains until `when` holds, then a signal comes. */
async function interrupted(options: TrainOptions, when: (progress: Progress) => boolean) {
  const interrupt = new AbortController();
  const onProgress = (progress: Progress) => {
    if (when(progress)) interrupt.abort();
  };
  return train({ ...options, signal: interrupt.signal, onProgress });
}

/** What a run has found: its best weights, its validations, and the steps of its samples. */
async function found(run: string) {
  const best = await readCheckpoint(run, 'best');
  const lines = (await readMetrics(run)).filter((line) => 'validationBitsPerDim' in line);
  const pictures = await readdir(join(run, 'pictures'));
  return {
    best: vector(best.params.trainable),
    bitsPerDim: best.training?.bitsPerDim,
    lines,
    samples: pictures.filter((name) => name.startsWith('samples')),
  };
}

describe.each([
  ['the last', 10],
  ['an earlier', 5],
])('a signal in the validation of %s epoch', (name, at) => {
  test.each(['training', 'validating'] as const)('while %s loses nothing of a resumed run', async (phase) => {
    const [straight, resumed] = [runAt(`straight ${name}`), runAt(`resumed ${name} ${phase}`)];
    await train({ ...base, out: straight, force: true });
    const first = await interrupted(
      { ...base, out: resumed },
      (now) => now.step === at && now.phase === phase,
    );
    expect(first).toMatchObject({ ended: 'signal', steps: at });
    expect(await train({ ...base, out: resumed, start: 'resume', settings: {} })).toMatchObject({
      ended: 'epochs',
      steps: 10,
    });
    expect(await found(resumed)).toEqual(await found(straight));
  });
});

test('a signal in the validation at the end of a time budget leaves it to the resumed run', async () => {
  const out = runAt('budget');
  const settings = { ...tinySettings, epochs: 9, timeBudgetMinutes: 10 };
  const first = await interrupted({ ...base, out, settings }, ({ step, phase }) => {
    if (step === 3 && phase === 'training') pass(11);
    return step === 3 && phase === 'validating';
  });
  expect(first).toMatchObject({ ended: 'signal', steps: 3 });
  const resumed = { ...base, out, start: 'resume', settings: {} } as const;
  expect(await train(resumed)).toMatchObject({ ended: 'time', steps: 3 });
  const { lines, samples } = await found(out);
  expect(lines.map(({ step }) => step)).toEqual([0, 3]);
  expect(samples).toEqual(['samples-0000003.png']);
  const before = await readMetrics(out);
  expect(await train(resumed)).toMatchObject({ ended: 'time', steps: 3 });
  expect(await readMetrics(out)).toEqual(before);
});

test('a state has the bits/dim of its own weights, or none', async () => {
  const out = runAt('own-scores');
  await interrupted({ ...base, out, settings: { ...tinySettings, ema: 0 } }, ({ step }) => step === 7);
  const last = await readCheckpoint(out, 'last');
  expect(last.training).toMatchObject({ steps: 7 });
  expect(last.training).not.toHaveProperty('bitsPerDim');
  expect(last.training).not.toHaveProperty('histogram');
  expect((await readCheckpoint(out, 'best')).training).toHaveProperty('histogram');
});

test('epochs of a step are validated each at first, later every fifty, and patience counts them all', async () => {
  const out = runAt('short');
  const few = { ...base, data: ramps(10), out };
  const settings = { ...tinySettings, epochs: 120 }; // 8 images to train: one step
  expect(await train({ ...few, settings })).toMatchObject({ ended: 'epochs', steps: 120 });
  const { lines } = await found(out);
  expect(lines.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 50, 100, 120]);
  // Steps too small to change a float32: no validation is better than the first.
  const still = { ...settings, rate: 1e-30, patience: 60 };
  const impatient = await train({ ...few, settings: still, out: runAt('impatient') });
  expect(impatient).toMatchObject({ ended: 'patience', epochs: 100 });
});

test('a --resume that is refused leaves metrics and pictures of later steps', async () => {
  const out = runAt('refused');
  await train({ ...base, out });
  await interrupted({ ...base, out, start: 'resume', settings: { epochs: 3 } }, ({ step }) => step === 12);
  const before = await readMetrics(out);
  await expect(train({ ...base, out, start: 'resume', data: ramps(60), settings: {} })).rejects.toThrow(
    'count 60',
  );
  expect(await readMetrics(out)).toEqual(before);
});
