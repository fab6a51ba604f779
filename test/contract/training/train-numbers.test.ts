import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exportModel } from '@glow-onnx/exporter';
import { createConfig } from '@glow-onnx/flow';
import { encodeSafetensors } from '@glow-onnx/flow/internal';
import { mean } from '@glow-onnx/runtime/internal';
import { loadGlow } from '@glow-onnx/runtime/node';
import { numbersFrom, splitBySeed, train } from '@glow-onnx/trainer';
import { bitsOfTheRowsAbove, gaussianFields } from '../../support/gaussian-fields.js';
import { glowTrain } from '../../support/glow-train.js';
import { ramps, rampsConfig, readCheckpoint, temporaryRuns } from '../../support/training.js';
import { vector } from './tiny-run.js';

const runAt = temporaryRuns();
const sizes = { channels: 3, height: 4, width: 4, bits: 0, levels: 2 };
/** Additive couplings: the conditional means of Gaussian fields are linear, and their variances constant. */
const config = createConfig({ ...sizes, steps: 4, hiddenChannels: 16, coupling: 'additive' });
const settings = { epochs: 4, rate: 5e-3, warmup: 20, valFraction: 0.1, seed: 3, ema: 0.98 };
const schedule = 'cosine';
const tiny = { ...settings, batch: 8, epochs: 2 };

describe('on Gaussian fields, whose density is known', () => {
  const fields = gaussianFields(2000);
  const { validation } = splitBySeed(fields.length, settings.valFraction, settings.seed);
  const known = mean(Array.from(validation, (i) => fields[i].bitsPerDim));

  test.each([
    ['onnxruntime', 'cpu'],
    ['tfjs', 'wasm'],
  ] as const)(
    '%s learns the density itself: nearly all that rows say of each other, and never more',
    async (engine, device) => {
      const data = await numbersFrom(fields, { name: 'fields' });
      const { bitsPerDim } = await train({
        ...{ start: { config }, data, out: runAt(engine), engine, device, threads: 1 },
        settings: { ...settings, schedule },
      });
      // Data-dependent initialisation alone gives each number the right scale, over five orders of size.
      expect(bitsPerDim.before - known).toBeLessThan(1.2 * bitsOfTheRowsAbove);
      expect(bitsPerDim.before - known).toBeGreaterThan(0.8 * bitsOfTheRowsAbove);
      expect(bitsPerDim.best - known).toBeLessThan(0.15 * bitsOfTheRowsAbove);
      expect(bitsPerDim.best).toBeGreaterThan(known);
    },
    240_000,
  );

  test('the exported model gives the same bits, and scores a stranger as one', async () => {
    const folder = runAt('model');
    await exportModel(await readCheckpoint(runAt('onnxruntime'), 'best'), { out: folder });
    const model = await loadGlow(folder);
    try {
      const heldOut = Array.from(validation, (i) => fields[i]);
      const bits = await model.bitsPerDim(heldOut);
      expect(mean(bits)).toBeCloseTo(model.manifest.training?.bitsPerDim as number, 4);
      const [own] = await model.score(heldOut);
      expect(own.percentile).not.toBeNull();
      const upsideDown = { ...heldOut[0], data: heldOut[0].data.slice().reverse() }; // channels change their scales
      const [stranger] = await model.score(upsideDown);
      expect(stranger).toMatchObject({ percentile: 1, typicality: 0, complexity: null, excess: null });
    } finally {
      await model.dispose();
    }
  });
});

describe('a run on numbers', () => {
  const small = gaussianFields(50);

  test('ends, resumed, exactly where a straight one does', async () => {
    const data = await numbersFrom(small, { name: 'fields' });
    const base = { data, engine: 'onnxruntime', device: 'cpu', threads: 1 } as const;
    await train({ ...base, start: { config }, out: runAt('straight'), settings: tiny });
    await train({ ...base, start: { config }, out: runAt('resumed'), settings: { ...tiny, epochs: 1 } });
    await train({ ...base, start: 'resume', out: runAt('resumed'), settings: { epochs: 2 } });
    const [a, b] = [
      await readCheckpoint(runAt('straight'), 'last'),
      await readCheckpoint(runAt('resumed'), 'last'),
    ];
    expect(vector(b.params.trainable)).toEqual(vector(a.params.trainable));
    expect(vector(b.optimizer?.v)).toEqual(vector(a.optimizer?.v));

    const other = await numbersFrom(gaussianFields(50, 8), { name: 'fields' });
    await expect(train({ ...base, data: other, start: 'resume', out: runAt('resumed') })).rejects.toThrow(
      'are not those that the run started with',
    );
  });

  test('is refused with augmentation, with a model of pixels, and pictures with a model of numbers', async () => {
    const data = await numbersFrom(small, { name: 'fields' });
    const base = { data, device: 'wasm', out: runAt('refused'), settings: tiny } as const;
    await expect(train({ ...base, start: { config }, settings: { ...tiny, flip: true } })).rejects.toThrow(
      'settings: flip changes pictures, but the data has numbers; leave it out',
    );
    await expect(train({ ...base, start: { config: { ...config, bits: 8 } } })).rejects.toThrow(
      'data: fields has numbers, but the model expects pixels (8 bits)',
    );
    await expect(
      train({ ...base, data: ramps(), start: { config: { ...rampsConfig, bits: 0 } } }),
    ).rejects.toThrow('data: ramps has pictures, but the model expects numbers (0 bits)');
    await expect(
      train({ ...base, start: { config: createConfig({ ...sizes, channels: 2 }) } }),
    ).rejects.toThrow('data: fields has channels 3, but the model expects 2; pass features of its shape');
  });
});

describe('glow-train', () => {
  const file = (name: string) => runAt(name);
  const writeFields = async (path: string) => {
    const fields = gaussianFields(50);
    const data = Float32Array.from(fields.flatMap((field) => [...field.data]));
    await writeFile(path, encodeSafetensors({ features: { dtype: 'F32', shape: [50, 3, 4, 4], data } }));
  };

  test('trains on a safetensors file, and says what its bits are', async () => {
    const path = file('features.safetensors');
    await writeFields(path);
    const out = runAt('command');
    const flags = ['--steps', '2', '--hidden', '8', '--batch', '8', '--epochs', '1', '--device', 'wasm'];
    const { code, stdout, stderr } = await glowTrain(
      '--data',
      path,
      '--out',
      out,
      ...flags,
      '--threads',
      '1',
    );
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('50 feature maps of 3×4×4'),
    });
    expect(stderr).not.toContain('--recipe');
    expect(stdout).toContain('bits/dim of the density of held-out feature maps: ');
    expect(stdout).not.toContain('pictures');
    const { config } = await readCheckpoint(out, 'last');
    expect(config).toMatchObject({ bits: 0, channels: 3, height: 4, width: 4, levels: 2 });
    const report = readFileSync(join(out, 'report.html'), 'utf8');
    expect(report).toContain('no pictures are drawn');
    expect(report).toContain('of a density');

    const more = await glowTrain(
      '--data',
      path,
      '--out',
      out,
      '--resume',
      '--epochs',
      '2',
      '--device',
      'wasm',
    );
    expect(more.code).toBe(0);
    const init = [
      '--init',
      join(out, 'best.safetensors'),
      '--batch',
      '8',
      '--epochs',
      '1',
      '--device',
      'wasm',
    ];
    const fine = await glowTrain('--data', path, '--out', runAt('fine'), ...init);
    expect(fine).toMatchObject({ code: 0, stderr: expect.stringContaining('3×4×4, numbers, 2 levels') });
  });

  test.each<[string[], string]>([
    [['--flip'], '--flip is about pictures'],
    [['--size', '8x8'], '--size is about pictures'],
    [['--bits', '5'], '--bits is about pictures'],
    [['--recipe', 'quick'], '--recipe is about pictures'],
    [
      ['--levels', '3'],
      'height 4 cannot pass 3 levels: it must be divisible by 8; crop or pad the feature maps to 8',
    ],
    [['--tensor', 'x'], 'has no tensor "x"; its tensors are features'],
  ])('refuses %j for numbers, and says why', async (flags, message) => {
    const path = file('refused.safetensors');
    await writeFields(path);
    const { code, stderr } = await glowTrain('--data', path, '--out', runAt('none'), ...flags);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(message) });
  });

  test('refuses --tensor for pictures', async () => {
    const { code, stderr } = await glowTrain('--data', 'pictures', '--out', runAt('none'), '--tensor', 'x');
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining(
        '--tensor names a tensor of a .safetensors file, but --data is pictures',
      ),
    });
  });
});
