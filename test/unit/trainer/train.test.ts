import { mkdirSync, rmSync } from 'node:fs';
import { copyFile, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exportModel } from '@glow-onnx/exporter';
import { createConfig, type Float64Tensor, type Named, parseManifest } from '@glow-onnx/flow';
import { type Epoch, type Progress, train } from '@glow-onnx/trainer';
import sharp from 'sharp';
import { reopenRunFolder } from '../../../packages/trainer/src/folder/run-folder.js';
import { relativeError } from '../../support/numeric.js';
import {
  ramps,
  readCheckpoint,
  readMetrics,
  temporaryRuns,
  tinyConfig,
  tinySettings,
} from '../../support/training.js';

/**
 * Two backends add up in different orders; what float32 rounds away in one step, Adam carries on, since it divides
 * by gradients that may be small.
 */
const BACKEND_TOLERANCE = 1e-3;

const { channels, height, width, levels, steps, hiddenChannels, bits } = tinyConfig;
const tinyVariant = { channels, height, width, levels, steps, hiddenChannels, bits };

const runAt = temporaryRuns();
const data = ramps();
const base = {
  data,
  settings: tinySettings,
  device: 'wasm',
  threads: 1,
  start: { config: tinyConfig },
} as const;

function vector(tensors: Named<Float64Tensor> | undefined): number[] {
  return Object.values(tensors ?? {}).flatMap((t) => [...t.data]);
}

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
  await train({ ...base, ...cpu, out: runAt('cpu'), device: 'cpu' });
  await train({ ...base, ...wasm, out: runAt('wasm') });
  expect(cpu.losses).toHaveLength(10);
  expect(relativeError(wasm.losses, cpu.losses)).toBeLessThan(BACKEND_TOLERANCE);
});

test.each([
  ['after an epoch', { stopAfter: undefined, epochs: 1 }],
  ['in the middle of one', { stopAfter: 3, epochs: 3 }],
])('a run resumed %s ends exactly where a straight one does', async (name, { stopAfter, epochs }) => {
  const settings = { ...tinySettings, epochs: 3 };
  const straight = runAt(`straight ${name}`);
  await train({ ...base, out: straight, settings });

  const resumed = runAt(`resumed ${name}`);
  const interrupt = new AbortController();
  const first = await train({
    ...base,
    out: resumed,
    settings: { ...settings, epochs },
    signal: interrupt.signal,
    onProgress: ({ step }) => {
      if (step === stopAfter) interrupt.abort();
    },
  });
  expect(first.steps).toBe(stopAfter ?? 5);
  const second = await train({ ...base, out: resumed, start: 'resume', settings: { epochs: 3 } });
  expect(second.steps).toBe(15);

  const [a, b] = await Promise.all([straight, resumed].map((run) => readCheckpoint(run, 'last')));
  expect(vector(b.params.trainable)).toEqual(vector(a.params.trainable));
  expect(vector(a.ema)).toHaveLength(vector(a.params.trainable).length);
  expect(vector(b.ema)).toEqual(vector(a.ema));
  expect(vector(b.optimizer?.m)).toEqual(vector(a.optimizer?.m));
  expect(vector(b.optimizer?.v)).toEqual(vector(a.optimizer?.v));
  const scores = async (run: string) =>
    (await readMetrics(run)).filter((line) => 'validationBitsPerDim' in line && line.step % 5 === 0);
  expect(await scores(resumed)).toEqual(await scores(straight));
});

test('a time budget ends training after a step, saved', async () => {
  const out = runAt('budget');
  const result = await train({
    ...base,
    out,
    timeBudgetMinutes: 1e-6,
    settings: { ...tinySettings, epochs: 99 },
  });
  expect(result).toMatchObject({ ended: 'time', steps: 1 });
  expect((await readCheckpoint(out, 'last')).progress?.step).toBe(1);
});

test('a run that is interrupted and resumed loses patience after as many epochs', async () => {
  const out = runAt('patience');
  // Steps too small to change a float32: no validation is better than the first.
  const settings = { ...tinySettings, epochs: 9, rate: 1e-30, patience: 2 };
  expect(await train({ ...base, out, settings, timeBudgetMinutes: 1e-6 })).toMatchObject({ ended: 'time' });
  const resumed = { ...base, out, start: 'resume' } as const;
  expect(await train({ ...resumed, settings: {} })).toMatchObject({ ended: 'patience', epochs: 2 });
  const more = await train({ ...resumed, settings: { patience: 3 } });
  expect(more).toMatchObject({ ended: 'patience', epochs: 3 });
});

test('a run started from a checkpoint begins where that one was', async () => {
  const out = runAt('first');
  const first = await train({ ...base, out });
  const init = await readCheckpoint(out, 'best');
  const second = await train({ ...base, out: runAt('second'), start: { init } });
  expect(second.bitsPerDim.before).toBeCloseTo(first.bitsPerDim.best, 12);
});

test.each(['port', 'openai'] as const)('the %s preset learns', async (preset) => {
  const config = createConfig({ ...tinyVariant }, preset);
  const result = await train({
    ...base,
    out: runAt(preset),
    start: { config },
    settings: { ...tinySettings, epochs: 6 },
  });
  expect(result.bitsPerDim.best).toBeLessThan(result.bitsPerDim.before - 0.1);
});

test('a class-conditional model trains on an attribute of the data', async () => {
  const config = createConfig({ ...tinyVariant, prior: 'learned', topPrior: 'channel', classes: 2 });
  const out = runAt('conditional');
  await train({ ...base, out, start: { config }, settings: { ...tinySettings, labels: 'way' } });
  const { params, training } = await readCheckpoint(out, 'last');
  expect(params.trainable['prior.classes'].data.every((value) => value !== 0)).toBe(true);
  expect(training).toMatchObject({ labels: 'way', classNames: ['upright', 'lying'] });
});

test.each([
  {
    name: 'an empty batch',
    wrong: { settings: { ...tinySettings, batch: 0 } },
    message: 'settings: batch must be a positive integer, got 0',
  },
  {
    name: 'a rate that is no number',
    wrong: { settings: { ...tinySettings, rate: Number.NaN } },
    message: 'settings: rate must be a number above 0, got NaN',
  },
  {
    name: 'a batch of more images than there are',
    wrong: { settings: { ...tinySettings, batch: 64 } },
    message: 'a batch of 64 is more than the 40 training images',
  },
  {
    name: 'a colour model for grey images',
    wrong: { start: { config: createConfig({ ...tinyVariant, channels: 3 }) } },
    message: 'data: ramps has channels 1, but the model is made for 3',
  },
  {
    name: 'a model with classes without labels',
    wrong: { start: { config: createConfig({ ...tinyVariant, prior: 'learned', classes: 2 }) } },
    message: 'has no attribute null (found: way)',
  },
])('$name is refused before anything is written', async ({ wrong, message }) => {
  const out = runAt('refused');
  await expect(train({ ...base, ...wrong, out })).rejects.toThrow(message);
  await expect(readMetrics(out)).rejects.toThrow('ENOENT');
});

test('a folder with a run in it is not written over unless told', async () => {
  const out = runAt('twice');
  await train({ ...base, out });
  await expect(train({ ...base, out })).rejects.toThrow(
    'pass --resume to go on with it or --force to replace it',
  );
  await train({ ...base, out, force: true });
});

test('resuming on other data is refused', async () => {
  const out = runAt('other-data');
  await train({ ...base, out });
  await expect(train({ ...base, out, start: 'resume', data: ramps(60) })).rejects.toThrow(
    'ramps has count 60, but the run was started on count 50',
  );
});

test.each([
  ['batch', { batch: 4 }],
  ['seed', { seed: 4 }],
  ['valFraction', { valFraction: 0.3 }],
  ['labels', { labels: 'way' }],
  ['optimizer', { optimizer: 'adamax' }],
] as const)('a run does not go on with another %s', async (name, change) => {
  const out = runAt(`other ${name}`);
  await train({ ...base, out, settings: { ...tinySettings, epochs: 1 } });
  const before = await readCheckpoint(out, 'last');
  const settings = { epochs: 2, ...change };
  await expect(train({ ...base, out, start: 'resume', settings })).rejects.toThrow(
    new RegExp(`settings: ${name} is .*, but the run was started with`),
  );
  expect(await readCheckpoint(out, 'last')).toEqual(before);
});

test.each([
  [{ threads: 0 }, 'threads must be an integer from 1 to 256, got 0'],
  [{ threads: 1.5 }, 'threads must be an integer from 1 to 256, got 1.5'],
  [{ timeBudgetMinutes: -1 }, 'train: timeBudgetMinutes must be a number above 0, got -1'],
  [{ timeBudgetMinutes: Number.NaN }, 'train: timeBudgetMinutes must be a number above 0, got NaN'],
])('%j is refused before anything is written', async (change, message) => {
  const out = runAt(`limits ${message}`);
  await expect(train({ ...base, out, ...change })).rejects.toThrow(message);
  await expect(readCheckpoint(out, 'last')).rejects.toThrow('ENOENT');
});

test('each epoch tells its figures and pictures, and leaves them in the run folder with a report', async () => {
  const out = runAt('chronicle');
  const epochs: Epoch[] = [];
  await train({ ...base, out, onEpoch: (epoch) => epochs.push(epoch) });
  expect(epochs.map(({ progress }) => progress.step)).toEqual([5, 10]);
  expect(epochs.map(({ progress }) => progress.bitsPerDim)).toEqual(
    (await readMetrics(out)).flatMap(({ validationBitsPerDim }) => validationBitsPerDim ?? []).slice(1),
  );
  expect(epochs.every(({ pictures }) => pictures?.largestError === 0)).toBe(true);
  const steps = ['0000005', '0000010'];
  expect((await readdir(join(out, 'pictures'))).sort()).toEqual([
    ...steps.map((step) => `reconstructions-${step}.png`),
    ...steps.map((step) => `samples-${step}.png`),
  ]);
  const { height, width } = epochs[1].pictures?.samples ?? {};
  expect(await sharp(join(out, 'pictures', 'samples-0000010.png')).metadata()).toMatchObject({
    height,
    width,
  });
  expect(await readFile(join(out, 'report.html'), 'utf8')).toContain('after 10 steps');
});

test('a report that cannot be written is told of and does not end the run', async () => {
  const out = runAt('no-report');
  const warnings: string[] = [];
  await train({ ...base, out, onWarning: (message) => warnings.push(message), onEpoch: () => block(out) });
  expect(warnings).toEqual([expect.stringMatching(/^report: .*report\.html is not a file/)]);
});

/** Puts a folder where the next report is to be. */
function block(out: string): void {
  rmSync(join(out, 'report.html'), { recursive: true, force: true });
  mkdirSync(join(out, 'report.html'));
}

test('a resumed run forgets the pictures of steps that it takes again', async () => {
  const out = runAt('pictures-again');
  await train({ ...base, out });
  await copyFile(join(out, 'previous.safetensors'), join(out, 'last.safetensors'));
  const { folder } = await reopenRunFolder(out);
  await folder.close();
  expect((await readdir(join(out, 'pictures'))).filter((name) => name.startsWith('samples'))).toEqual([
    'samples-0000005.png',
  ]);
});

test('classes of other words than a checkpoint was trained on are refused', async () => {
  const config = createConfig({ ...tinyVariant, prior: 'learned', topPrior: 'channel', classes: 2 });
  const out = runAt('classes');
  await train({ ...base, out, start: { config }, settings: { ...tinySettings, labels: 'way' } });
  const init = await readCheckpoint(out, 'last');
  const again = await train({ ...base, out: runAt('classes again'), start: { init } });
  expect(again.steps).toBe(10);
  const turned = { ...data, labels: { way: { values: ['lying', 'upright'], indices: new Uint16Array(50) } } };
  await expect(
    train({ ...base, data: turned, out: runAt('classes turned'), start: { init } }),
  ).rejects.toThrow(
    'way of ramps has the classes lying, upright, but the checkpoint was trained on upright, lying',
  );
});

test('two trainings are not let into one folder, and the second harms nothing', async () => {
  const out = runAt('two');
  let second: Promise<unknown> = Promise.resolve();
  const onProgress = ({ step }: Progress) => {
    if (step === 3) second = train({ ...base, out, force: true }).catch((error: Error) => error.message);
  };
  const first = await train({ ...base, out, onProgress });
  expect(await second).toMatch(/two is in use: process \d+ trains there/);
  expect(first.steps).toBe(10);
  expect((await readCheckpoint(out, 'last')).progress?.step).toBe(10);
  await train({ ...base, out, start: 'resume', settings: { epochs: 3 } });
});

test('a manifest knows the classes of a model by their words', async () => {
  const config = createConfig({ ...tinyVariant, prior: 'learned', topPrior: 'channel', classes: 2 });
  const [out, model] = [runAt('words'), runAt('words model')];
  await train({ ...base, out, start: { config }, settings: { ...tinySettings, labels: 'way' } });
  await exportModel(await readCheckpoint(out, 'best'), { out: model });
  const manifest = parseManifest(await readFile(join(model, 'manifest.json'), 'utf8'));
  expect(manifest.training).toMatchObject({ classNames: ['upright', 'lying'], labels: 'way' });
  expect(manifest.training?.histogram).toMatchObject({ draws: 1, counts: expect.any(Array) });
});
