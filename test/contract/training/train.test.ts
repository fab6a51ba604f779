import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exportModel } from '@glow-onnx/exporter';
import { parseManifest } from '@glow-onnx/flow';
import { type Progress, train } from '@glow-onnx/trainer';
import { relativeError } from '../../support/numeric.js';
import { tinyConfig } from '../../support/tiny-config.js';
import { clockOfRuns, readCheckpoint, temporaryRuns, tinySettings } from '../../support/training.js';
import { tinyRun as base, vector } from './tiny-run.js';

/**
 * Two backends add up in different orders; what float32 rounds away in one step, Adam carries on, since it divides
 * by gradients that may be small.
 */
const BACKEND_TOLERANCE = 1e-3;

const runAt = temporaryRuns();
const pass = clockOfRuns();

/** Each step's bits/dim. */
function recordLosses(): { losses: number[]; onProgress: (progress: Progress) => void } {
  const losses: number[] = [];
  return {
    losses,
    onProgress: ({ phase, bitsPerDim }) => {
      if (phase === 'training') losses.push(bitsPerDim);
    },
  };
}

test('training lowers bits/dim on held-out pictures by more than half a bit', async () => {
  const out = runAt('falls');
  const result = await train({ ...base, out, settings: { ...tinySettings, epochs: 12 } });
  expect(result.bitsPerDim.best).toBeLessThan(result.bitsPerDim.before - 0.5);
  expect(result).toMatchObject({ ended: 'epochs', steps: 60, epochs: 12, images: 480 });
  const best = await readCheckpoint(out, 'best');
  expect(best.initialised).toBe(true);
  expect(best.training).toMatchObject({ dataset: 'ramps', trainingImages: 40, validationImages: 10 });
  expect(best.training?.bitsPerDim).toBeCloseTo(result.bitsPerDim.best, 12);
  const histogram = best.training?.histogram as { counts: number[] } | undefined;
  expect(histogram?.counts.reduce((sum, count) => sum + count, 0)).toBe(10);
});

test('the same seed gives the same parameters, another seed others', async () => {
  const [a, b, c] = await Promise.all(
    [3, 3, 4].map(async (seed, i) => {
      const out = runAt(`seed-${i}`);
      await train({ ...base, out, settings: { ...tinySettings, seed } });
      return vector((await readCheckpoint(out, 'last')).params.trainable);
    }),
  );
  expect(b).toEqual(a);
  expect(relativeError(c, a)).toBeGreaterThan(0.01);
});

test('cpu and wasm lose alike step by step', async () => {
  const cpu = recordLosses();
  const wasm = recordLosses();
  const { onProgress } = cpu;
  await train({ ...base, onProgress, out: runAt('cpu'), device: 'cpu' });
  await train({ ...base, onProgress: wasm.onProgress, out: runAt('wasm') });
  expect(cpu.losses).toHaveLength(10);
  expect(relativeError(wasm.losses, cpu.losses)).toBeLessThan(BACKEND_TOLERANCE);
});

test.each([
  ['before its first step', 1e-6, 0],
  ['after the step in which it ends', 60, 2],
])('a time budget ends training %s, saved', async (name, timeBudgetMinutes, steps) => {
  const out = runAt(`budget ${name}`);
  const onProgress = ({ step }: Progress) => {
    if (step === 2) pass(60);
  };
  const settings = { ...tinySettings, epochs: 99, timeBudgetMinutes };
  const result = await train({ ...base, out, settings, onProgress });
  expect(result).toMatchObject({ ended: 'time', steps });
  expect((await readCheckpoint(out, 'last')).progress?.step).toBe(steps);
});

test.each(['port', 'openai'] as const)('the %s preset learns', async (preset) => {
  const config = tinyConfig({ channels: 1 }, preset);
  const result = await train({
    ...base,
    out: runAt(preset),
    start: { config },
    settings: { ...tinySettings, epochs: 6 },
  });
  expect(result.bitsPerDim.best).toBeLessThan(result.bitsPerDim.before - 0.1);
});

test('a class-conditional model trains on an attribute of the data', async () => {
  const config = tinyConfig({ channels: 1, prior: 'learned', classes: 2 });
  const out = runAt('conditional');
  await train({ ...base, out, start: { config }, settings: { ...tinySettings, labels: 'way' } });
  const { params, training } = await readCheckpoint(out, 'last');
  expect(params.trainable['prior.classes'].data.every((value) => value !== 0)).toBe(true);
  expect(training).toMatchObject({ labels: 'way', classNames: ['upright', 'lying'] });
});

test('a manifest knows the classes of a model by their words', async () => {
  const config = tinyConfig({ channels: 1, prior: 'learned', classes: 2 });
  const [out, model] = [runAt('words'), runAt('words model')];
  await train({ ...base, out, start: { config }, settings: { ...tinySettings, labels: 'way' } });
  await exportModel(await readCheckpoint(out, 'best'), { out: model });
  const manifest = parseManifest(await readFile(join(model, 'manifest.json'), 'utf8'));
  expect(manifest.training).toMatchObject({ classNames: ['upright', 'lying'], labels: 'way' });
  expect(manifest.training?.histogram).toMatchObject({ draws: 1, counts: expect.any(Array) });
});
