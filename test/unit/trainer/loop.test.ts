import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createGlow, initialParams } from '@glow-onnx/flow';
import { assembleEngine } from '../../../packages/trainer/src/assembly/assemble-engine.js';
import type { Differentiator } from '../../../packages/trainer/src/engine/differentiator.js';
import { createRunFolder } from '../../../packages/trainer/src/folder/run-folder.js';
import { alone } from '../../../packages/trainer/src/ranks/ranks.js';
import { createBatches } from '../../../packages/trainer/src/run/batches.js';
import { runTraining } from '../../../packages/trainer/src/run/loop.js';
import { runOf } from '../../../packages/trainer/src/run/run-checkpoint.js';
import { defaultSettings, type TrainSettings } from '../../../packages/trainer/src/settings/settings.js';
import {
  ramps,
  rampsConfig,
  readCheckpoint,
  readMetrics,
  temporaryRuns,
  tinySettings,
} from '../../support/training.js';

const runAt = temporaryRuns();
const glow = createGlow(rampsConfig);
const params = initialParams(glow, 1);
const data = ramps();

/** Gradients of ones, or of what `slope` gives for the n-th call, and a loss that `loss` gives for it. */
function fakeDifferentiator(
  loss: (call: number) => number,
  slope: (call: number) => number,
  validation = (_: number) => 5,
): Differentiator {
  let calls = 0;
  let evaluations = 0;
  return {
    description: 'fake',
    initialise: async (parameters) => parameters.slice(),
    gradient: async (parameters, { count }) => {
      const [gradient, bits] = [slope(calls), loss(calls++)];
      const each = (value: number) => new Float64Array(count).fill(value);
      return {
        gradient: new Float32Array(parameters.length).fill(gradient),
        bitsPerDim: each(bits),
        bitsPerDimLevels: [each(bits / 4), each((3 * bits) / 4)],
      };
    },
    evaluate: async (_, { count }) => new Float64Array(count).fill(validation(evaluations++)),
    orthogonalise: async (stacks) => stacks,
    dispose: async () => {},
  };
}

async function runWith(
  out: string,
  loss: (call: number) => number,
  change: Partial<TrainSettings> = {},
  slope = (_: number) => 1,
  validation = (_: number) => 5,
) {
  const settings = { ...defaultSettings, ...tinySettings, ...change };
  return runTraining({
    ranks: alone,
    engine: await assembleEngine(
      glow,
      { initial: params.trainable },
      fakeDifferentiator(loss, slope, validation),
      settings,
    ),
    batches: createBatches(data, rampsConfig, settings),
    config: rampsConfig,
    data,
    settings,
    fixed: params.fixed,
    folder: await createRunFolder(out, false),
    initialised: false,
  });
}

test.each([Number.NaN, Number.POSITIVE_INFINITY])(
  'training gives up when the loss stays %d, and leaves the checkpoints of before',
  async (bad) => {
    const whole = runAt(`whole ${bad}`);
    const broken = runAt(`broken ${bad}`);
    await runWith(whole, () => 4);
    const epochs = { epochs: 4 };
    await expect(runWith(broken, (call) => (call >= 7 ? bad : 4), epochs)).rejects.toThrow(
      /not finite after 16 steps \(bitsPerDim (NaN|Infinity), .*10 steps undone; .* lower --lr or --clip/,
    );
    // The checkpoint of the first epoch, 5 steps, is `last` in the one and `previous` in the other.
    const [last, previous] = await Promise.all([
      readFile(join(broken, 'last.safetensors')),
      readFile(join(whole, 'previous.safetensors')),
    ]);
    expect(weights(last).equals(weights(previous))).toBe(true);
  },
);

test('training goes on after steps that are not finite, from the last checkpoint if there were three', async () => {
  const out = runAt('recovers');
  // Steps 7 to 9 fail: of the second epoch, 5 and 6 were taken and are undone by returning to the checkpoint.
  const result = await runWith(out, (call) => (call >= 7 && call < 10 ? Number.NaN : 4), { epochs: 3 });
  expect(result).toMatchObject({ steps: 15, rolledBack: 3, skipped: 0 });
  const { progress } = await readCheckpoint(out, 'last');
  expect(progress).toMatchObject({ step: 15, updates: 10, counters: { rateFactor: 1 / 8, streak: 5 } });
  const lines = (await readMetrics(out)).filter((line) => 'rate' in line);
  expect(lines.map(({ rolledBack, rate }) => ({ rolledBack, rate }))).toEqual([
    { rolledBack: 0, rate: 5e-3 },
    { rolledBack: 3, rate: 5e-3 / 4 },
    { rolledBack: 3, rate: 5e-3 / 8 },
  ]);
});

test('outlying gradients are left out and counted', async () => {
  const out = runAt('outliers');
  const result = await runWith(
    out,
    () => 4,
    { epochs: 6, skipOutliers: 10 },
    (call) => (call === 24 ? 11 : 1),
  );
  expect(result).toMatchObject({ steps: 30, skipped: 1, rolledBack: 0 });
  const last = await readCheckpoint(out, 'last');
  expect(runOf(last)).toMatchObject({ state: { steps: 29 }, counters: { step: 30, skipped: 1 } });
});

test.each([
  [[6, 5, 5.5, 5], 3],
  [[6, 5, 5.5, 4.5, 5, 4.6], 5],
])('of validations of %j, a patience of two epochs ends training after epoch %d', async (scores, epochs) => {
  // Ten held-out images make two batches.
  const validation = (call: number) => scores[Math.floor(call / 2)] ?? Number.NaN;
  const change = { epochs: 9, patience: 2 };
  const result = await runWith(runAt(`patience ${epochs}`), () => 4, change, undefined, validation);
  expect(result).toMatchObject({ ended: 'patience', epochs, bitsPerDim: { best: Math.min(...scores) } });
});

/** A safetensors file without its header, which holds the seconds spent. */
function weights(file: Buffer): Buffer {
  return file.subarray(8 + Number(file.readBigUInt64LE(0)));
}

test('metrics tell every epoch’s loss, largest gradient, rate and validation', async () => {
  const out = runAt('metrics');
  await runWith(out, (call) => call);
  const gradientNorm = Math.sqrt(batchesSize());
  expect(await readMetrics(out)).toEqual([
    { step: 0, epoch: 0, images: 0, validationBitsPerDim: 5 },
    {
      step: 5,
      epoch: 0,
      images: 40,
      skipped: 0,
      rolledBack: 0,
      bitsPerDim: 2,
      bitsPerDimLevels: [0.5, 1.5],
      gradientNorm,
      rate: 5e-3,
      imagesPerSecond: expect.any(Number),
      waiting: expect.any(Number),
    },
    { step: 5, epoch: 1, images: 40, validationBitsPerDim: 5 },
    {
      step: 10,
      epoch: 1,
      images: 80,
      skipped: 0,
      rolledBack: 0,
      bitsPerDim: 7,
      bitsPerDimLevels: [1.75, 5.25],
      gradientNorm,
      rate: 5e-3,
      imagesPerSecond: expect.any(Number),
      waiting: expect.any(Number),
    },
    { step: 10, epoch: 2, images: 80, validationBitsPerDim: 5 },
  ]);
});

function batchesSize(): number {
  return Object.values(params.trainable).reduce((sum, { data: values }) => sum + values.length, 0);
}
