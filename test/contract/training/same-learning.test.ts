import { createGlow, createRandom, initialParams } from '@glow-onnx/flow';
import { assembleEngine } from '../../../packages/trainer/src/assembly/assemble-engine.js';
import type { Batch } from '../../../packages/trainer/src/engine/batch.js';
import type { Engine } from '../../../packages/trainer/src/engine/contract.js';
import type { Differentiator } from '../../../packages/trainer/src/engine/differentiator.js';
import { openOnnxRuntimeDifferentiator } from '../../../packages/trainer/src/onnxruntime/onnxruntime-differentiator.js';
import { defaultSettings } from '../../../packages/trainer/src/settings/settings.js';
import { openDevice } from '../../../packages/trainer/src/tfjs/device.js';
import { createTfjsDifferentiator } from '../../../packages/trainer/src/tfjs/tfjs-differentiator.js';
import { variants } from '../../support/variants.js';

/**
 * Losses after up to 50 steps of Adam, relative: float32 engines part by 1e-7 a step, and Adam divides by gradients
 * that may be as small as their rounding. Seen: up to 4e-3.
 */
const DRIFT = 1e-2;
const STEPS = 50;
const settings = { ...defaultSettings, ema: 0.99 };
const unlimited = Number.POSITIVE_INFINITY;

beforeAll(async () => {
  await openDevice('wasm');
});

const cases = [
  ...variants.map((variant) => ({ ...variant, optimizer: 'adam' as const })),
  ...variants
    .filter(({ name }) => name === 'openai')
    .map((variant) => ({ ...variant, optimizer: 'muon' as const })),
];

describe.each(cases)('$name, $optimizer', ({ config, optimizer }) => {
  const glow = createGlow(config);
  const params = initialParams(glow, 4);
  const { channels, height, width, classes } = config;
  const batches = Array.from({ length: 4 }, (_, seed): Batch => {
    const random = createRandom(seed);
    const size = channels * height * width;
    // Smooth pictures with noise: something to learn.
    const x = Float32Array.from(
      { length: 4 * size },
      (_, i) => 0.3 * Math.sin(i / 7) + 0.1 * (random.uniform() - 0.5),
    );
    return { count: 4, x, ...(classes > 0 && { classes: Uint16Array.from([0, 1, 0, 1]) }) };
  });
  const batchAt = (step: number) => batches[step % batches.length] as Batch;
  const engineOf = (differentiator: Differentiator) =>
    assembleEngine(glow, { initial: params.trainable }, differentiator, { ...settings, optimizer });
  async function losses(engine: Engine, from: number, to: number): Promise<number[]> {
    const found: number[] = [];
    for (let step = from; step < to; step++) {
      const { bitsPerDim } = await engine.step(batchAt(step), 1e-3, unlimited);
      found.push(bitsPerDim);
    }
    return found;
  }

  test('learns as with TensorFlow.js, and goes on from its state', async () => {
    const opened = await openOnnxRuntimeDifferentiator(glow, params.fixed, { device: 'cpu', count: 4 });
    const onnxruntime = await engineOf(opened);
    const tfjs = await engineOf(createTfjsDifferentiator(glow, params.fixed, 'wasm'));
    for (const engine of [onnxruntime, tfjs]) await engine.initialise(batchAt(0));
    const expected = await losses(tfjs, 0, STEPS);
    const got = await losses(onnxruntime, 0, STEPS);
    expect(expected.at(-1)).toBeLessThan(expected[0] as number);
    const drift = Math.max(...got.map((loss, i) => Math.abs(loss / (expected[i] as number) - 1)));
    expect(drift).toBeLessThan(DRIFT);

    // Each takes over the other's parameters, moments and averages.
    const [ours, theirs] = [await onnxruntime.snapshot(), await tfjs.snapshot()];
    await onnxruntime.restore(theirs);
    await tfjs.restore(ours);
    const [a, b] = [await losses(onnxruntime, STEPS, STEPS + 3), await losses(tfjs, STEPS, STEPS + 3)];
    for (const [i, loss] of a.entries()) expect(Math.abs(loss / (b[i] as number) - 1)).toBeLessThan(DRIFT);
    await opened.dispose();
  });
});
