import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createGlow, initialParams } from '@glow-onnx/flow';
import { createBatches } from '../../packages/trainer/src/batches.js';
import { createEngine } from '../../packages/trainer/src/engine/create-engine.js';
import type { Differentiator } from '../../packages/trainer/src/engine/engine.js';
import { runTraining } from '../../packages/trainer/src/loop.js';
import { createRunFolder } from '../../packages/trainer/src/run-folder.js';
import { defaultSettings } from '../../packages/trainer/src/settings.js';
import { ramps, readMetrics, temporaryRuns, tinyConfig, tinySettings } from './training.js';

const runAt = temporaryRuns();
const glow = createGlow(tinyConfig);
const params = initialParams(glow, 1);
const data = ramps();
const settings = { ...defaultSettings, ...tinySettings };
const batches = createBatches(data, tinyConfig, settings);

/** Gradients of ones, and a loss that `loss` gives for the n-th call. */
function fakeDifferentiator(loss: (call: number) => number): Differentiator {
  let calls = 0;
  return {
    description: 'fake',
    initialise: async (parameters) => parameters.slice(),
    gradient: async (parameters, { count }) => ({
      bitsPerDim: new Float64Array(count).fill(loss(calls++)),
      gradient: new Float32Array(parameters.length).fill(1),
    }),
    evaluate: async (_, { count }) => new Float64Array(count).fill(5),
    dispose: async () => {},
  };
}

async function runWith(out: string, loss: (call: number) => number) {
  const engine = createEngine(glow, params.trainable, fakeDifferentiator(loss), settings);
  const folder = await createRunFolder(out, false);
  const { fixed } = params;
  return runTraining({
    engine,
    batches,
    config: tinyConfig,
    data,
    settings,
    fixed,
    folder,
    initialised: false,
  });
}

test.each([Number.NaN, Number.POSITIVE_INFINITY])(
  'a loss of %d stops training and leaves the checkpoints of before',
  async (bad) => {
    const whole = runAt(`whole ${bad}`);
    const broken = runAt(`broken ${bad}`);
    await runWith(whole, () => 4);
    await expect(runWith(broken, (call) => (call === 7 ? bad : 4))).rejects.toThrow(
      /not finite after 7 steps \(bitsPerDim (NaN|Infinity), gradientNorm \d/,
    );
    // The checkpoint of the first epoch, 5 steps, is `last` in the one and `previous` in the other.
    const [last, previous] = await Promise.all([
      readFile(join(broken, 'last.safetensors')),
      readFile(join(whole, 'previous.safetensors')),
    ]);
    expect(weights(last).equals(weights(previous))).toBe(true);
  },
);

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
      bitsPerDim: 2,
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
      bitsPerDim: 7,
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
