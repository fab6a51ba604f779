import { createGlow, encodeCheckpoint, initialParams, parseCheckpoint } from '@glow-onnx/flow';
import { DeviceError } from '@glow-onnx/runtime/session';
import { type Batch, type OpenEngine, openEngine } from '@glow-onnx/trainer/engine';
import type { InferenceSession } from 'onnxruntime-node';
import { hostRequire } from '../../../packages/runtime/src/node/host-require.js';
import { randomParams } from '../../support/random-params.js';
import { ramps, rampsConfig } from '../../support/training.js';

/** Which its types hide. */
type SessionClass = { readonly prototype: InferenceSession };
const options = { batch: 8, device: 'cpu', threads: 1, ema: 0.5 } as const;

/** Batches of ramps in model units, always the same. */
async function batchesOf(count: number): Promise<Batch[]> {
  const data = ramps(8 * count);
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const pixels = await data.batch(Uint32Array.from({ length: 8 }, (_, k) => 8 * i + k));
      return { count: 8, x: Float32Array.from(pixels, (pixel) => pixel / 256 - 0.5) };
    }),
  );
}

async function lossesOf(engine: OpenEngine, batches: readonly Batch[]): Promise<number[]> {
  const losses: number[] = [];
  for (const batch of batches) losses.push((await engine.step(batch, 5e-3)).bitsPerDim);
  return losses;
}

test('a model trains from a config on, and from its checkpoint as if nothing had been', async () => {
  const batches = await batchesOf(12);
  const engine = await openEngine({ config: rampsConfig }, options);
  expect((await engine.checkpoint()).initialised).toBe(false);
  await engine.initialise(batches[0] as Batch);
  const before = await lossesOf(engine, batches.slice(0, 6));
  const bytes = encodeCheckpoint(await engine.checkpoint());
  const after = await lossesOf(engine, batches.slice(6));
  const scores = await engine.evaluate(batches[0] as Batch);
  expect(after[5]).toBeLessThan((before[0] as number) - 0.2);
  await engine.dispose();

  const checkpoint = parseCheckpoint(bytes);
  expect(checkpoint).toMatchObject({ initialised: true, progress: { updates: 6 } });
  const again = await openEngine(checkpoint, options);
  expect(await lossesOf(again, batches.slice(6))).toEqual(after);
  expect(await again.evaluate(batches[0] as Batch)).toEqual(scores);
  await again.dispose();
});

test('a checkpoint without the state of its optimiser starts from its averaged weights, as with --init', async () => {
  const glow = createGlow(rampsConfig);
  const params = initialParams(glow, 1);
  const { trainable: ema } = randomParams(glow, 2);
  const [batch] = (await batchesOf(1)) as [Batch];
  const engine = await openEngine({ config: rampsConfig, params, ema, initialised: true }, options);
  const same = await openEngine(
    { config: rampsConfig, params: { ...params, trainable: ema }, initialised: true },
    options,
  );
  expect(await engine.evaluate(batch)).toEqual(await same.evaluate(batch));
  for (const one of [engine, same]) await one.dispose();
});

test.each([
  [{ optimizer: 'sgd' as never }, 'settings: optimizer must be one of adam, adamax, muon, got "sgd"'],
  [
    { dequantisation: 'normal' as never },
    'settings: dequantisation must be one of uniform, variational, got "normal"',
  ],
  [{ clip: -1 }, 'settings: clip must be a number above 0, got -1'],
  [{ beta1: 1 }, 'settings: beta1 must be a number from 0 to below 1, got 1'],
  [{ beta2: 0 }, 'settings: beta2 must be a number above 0 and below 1, got 0'],
  [{ ema: 1 }, 'settings: ema must be a number from 0 (no average) to below 1, got 1'],
  [{ batch: 0 }, 'settings: batch must be a positive integer, got 0'],
])('%j is refused', async (wrong, message) => {
  const opening = openEngine({ config: rampsConfig }, { ...options, ...wrong });
  await expect(opening).rejects.toThrow(new RangeError(message));
});

test('a checkpoint goes on with its own noise, and both bounds start as one', async () => {
  const [batch] = (await batchesOf(1)) as [Batch];
  const varied = await openEngine({ config: rampsConfig }, { ...options, dequantisation: 'variational' });
  await varied.initialise(batch);
  const [uniform, variational] = [await varied.evaluate(batch), await varied.evaluate(batch, 'variational')];
  for (const [i, bits] of variational.entries()) expect(bits).toBeCloseTo(uniform[i] as number, 3);
  await varied.step(batch, 5e-3);
  const checkpoint = parseCheckpoint(encodeCheckpoint(await varied.checkpoint()));
  await varied.dispose();
  const again = await openEngine(checkpoint, options); // the dequantiser of the checkpoint needs no option
  expect((await again.evaluate(batch, 'variational')).every(Number.isFinite)).toBe(true);
  await again.dispose();
  await expect(openEngine(checkpoint, { ...options, dequantisation: 'uniform' })).rejects.toThrow(
    'openEngine: the checkpoint continues with the dequantisation variational, got uniform; leave it out',
  );
  const plain = await openEngine({ config: rampsConfig }, options);
  await expect(plain.evaluate(batch, 'variational')).rejects.toThrow(
    'evaluate: the model was trained with uniform noise and has no dequantiser; leave dequantisation out',
  );
  await expect(plain.evaluate(batch, 'normal' as never)).rejects.toThrow('dequantisation');
  await plain.dispose();
});

test('a checkpoint goes on with its own optimiser and no other', async () => {
  const [batch] = (await batchesOf(1)) as [Batch];
  const engine = await openEngine({ config: rampsConfig }, { ...options, optimizer: 'adamax' });
  await engine.initialise(batch);
  await engine.step(batch, 5e-3);
  const checkpoint = parseCheckpoint(encodeCheckpoint(await engine.checkpoint()));
  await engine.step(batch, 5e-3);
  const again = await openEngine(checkpoint, options);
  await again.step(batch, 5e-3);
  expect(await again.snapshot()).toEqual(await engine.snapshot());
  for (const one of [engine, again]) await one.dispose();
  const other = openEngine(checkpoint, { ...options, optimizer: 'adam' });
  await expect(other).rejects.toThrow('the checkpoint continues with the optimizer adamax, got adam');
});

test('a checkpoint that lacks a parameter leaves no session behind', async () => {
  // The one that the runtime uses: the test runner has another.
  const { InferenceSession } = hostRequire<{ InferenceSession: SessionClass }>('onnxruntime-node');
  const release = jest.spyOn(InferenceSession.prototype, 'release');
  const { trainable, fixed } = initialParams(createGlow(rampsConfig), 1);
  const { [Object.keys(trainable)[0] as string]: _, ...rest } = trainable;
  const start = { config: rampsConfig, params: { trainable: rest, fixed }, initialised: true };
  await expect(openEngine(start, options)).rejects.toThrow('is missing');
  expect(release).toHaveBeenCalledTimes(1);
});

test('a new model takes no step before it is initialised', async () => {
  const [batch] = (await batchesOf(1)) as [Batch];
  const engine = await openEngine({ config: rampsConfig }, options);
  await expect(engine.step(batch, 5e-3)).rejects.toThrow('needs initialise() with a batch');
  // A checkpoint without parameters is no checkpoint.
  const claimed = await openEngine({ config: rampsConfig, initialised: true } as never, options);
  await expect(claimed.step(batch, 5e-3)).rejects.toThrow('needs initialise() with a batch');
  await claimed.dispose();
  await engine.initialise(batch);
  expect(await engine.step(batch, 5e-3)).toMatchObject({ applied: true });
  await engine.dispose();
});

test('a device that is not there is an error that says which, and auto passes it over', async () => {
  const wanted = openEngine({ config: rampsConfig }, { ...options, device: 'cuda' });
  await expect(wanted).rejects.toThrow(DeviceError);
  await expect(wanted).rejects.toThrow('device "cuda" is not available');
  const engine = await openEngine({ config: rampsConfig }, { ...options, device: 'auto' });
  expect(engine.skipped.map(({ device }) => device)).toContain('cuda');
  await engine.dispose();
});
