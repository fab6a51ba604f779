import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exportModel } from '@glow-onnx/exporter';
import { createConfig, parseCheckpoint } from '@glow-onnx/flow';
import { defaultSettings, numbersFrom, train } from '@glow-onnx/trainer';
import { compareRuns } from '../../../packages/trainer/src/report/compare-runs.js';
import { renderComparison } from '../../../packages/trainer/src/report/comparison.js';
import { checkSameOrder } from '../../../packages/trainer/src/run/check-data.js';
import { readCheckpoint, readMetrics, temporaryRuns, tinySettings } from '../../support/training.js';
import { tinyRun, vector } from './tiny-run.js';

const runAt = temporaryRuns();
const base = { ...tinyRun, device: 'cpu' } as const;
const settings = { ...tinySettings, epochs: 3, dequantisation: 'variational' } as const;
const isOfNoise = (name: string) => name.startsWith('dequantisation.');

test('a run with variational dequantisation scores both bounds, judges by its own, and resumes exactly', async () => {
  const straight = runAt('straight');
  const result = await train({ ...base, out: straight, settings });
  const validations = (await readMetrics(straight)).filter((line) => 'validationBitsPerDim' in line);
  expect(validations).toHaveLength(4);
  const [first] = validations as [Record<string, number>];
  // Before the first step the noise is uniform, and both bounds are the same.
  expect(first.validationBitsPerDimVariational).toBeCloseTo(first.validationBitsPerDim as number, 3);
  const variational = validations.map((line) => line.validationBitsPerDimVariational as number);
  expect(result).toMatchObject({
    dequantisation: 'variational',
    bitsPerDim: { before: variational[0], best: Math.min(...variational) },
  });

  const resumed = runAt('resumed');
  const interrupt = new AbortController();
  const { signal } = interrupt;
  const onProgress = ({ step }: { step: number }) => step === 3 && interrupt.abort();
  expect(await train({ ...base, out: resumed, settings, signal, onProgress })).toMatchObject({ steps: 3 });
  await train({ ...base, out: resumed, start: 'resume', settings: {} });
  const [a, b] = await Promise.all([straight, resumed].map((run) => readCheckpoint(run, 'last')));
  for (const values of [a.params.trainable, a.ema, a.optimizer?.m, a.optimizer?.v]) {
    const names = Object.keys(values ?? {}).filter(isOfNoise);
    expect(names).toHaveLength(24);
    expect(names.some((name) => values?.[name]?.data.some((value) => value !== 0))).toBe(true);
  }
  for (const group of ['trainable', 'ema', 'm', 'v'] as const) {
    const of = ({ params, ema, optimizer }: typeof a) =>
      vector({ trainable: params.trainable, ema, m: optimizer?.m, v: optimizer?.v }[group]);
    expect(of(b)).toEqual(of(a));
  }
  expect(a.training).toMatchObject({
    bitsPerDim: validations[3]?.validationBitsPerDim,
    dequantisation: 'variational',
    variationalBitsPerDim: variational[3],
  });
  const page = await readFile(join(straight, 'report.html'), 'utf8');
  expect(page).toContain('best bits/dim, variational bound');
  expect(page).toContain('parameters of the dequantiser, not exported');
});

test('an export has the graphs of the model alone, and says which bound is which', async () => {
  const out = runAt('exported');
  await train({ ...base, out: runAt('run'), settings });
  const checkpoint = await readCheckpoint(runAt('run'), 'best');
  const { parameters } = await exportModel(checkpoint, { out, withCheckpoint: true });
  const own = Object.entries(checkpoint.params.trainable).filter(([name]) => !isOfNoise(name));
  expect(parameters).toBe(own.reduce((sum, [, { data }]) => sum + data.length, 0));
  const carried = parseCheckpoint(await readFile(join(out, 'checkpoint.safetensors')));
  expect(Object.keys(carried.params.trainable)).toEqual(own.map(([name]) => name));
  const card = await readFile(join(out, 'README.md'), 'utf8');
  expect(card).toContain('| dequantisation | variational |');
  expect(card).toContain('That flow is in the checkpoint of the training and not in this folder.');
  const manifest = JSON.parse(await readFile(join(out, 'manifest.json'), 'utf8'));
  expect(manifest.training).toMatchObject(checkpoint.training ?? {});
});

test('a run keeps its dequantisation, also one from before there was a choice', async () => {
  const variational = { ...tinySettings, epochs: 1, dequantisation: 'variational' } as const;
  for (const [first, then] of [
    ['uniform', 'variational'],
    ['variational', 'uniform'],
  ] as const) {
    const out = runAt(`kept ${first}`);
    await train({ ...base, out, settings: { ...variational, dequantisation: first } });
    await expect(
      train({ ...base, out, start: 'resume', settings: { dequantisation: then } }),
    ).rejects.toThrow(`settings: dequantisation must stay ${first}, the value that the run started with`);
  }
  const { dequantisation: _, ...earlier } = defaultSettings;
  expect(() => checkSameOrder({ ...defaultSettings, dequantisation: 'variational' }, earlier)).toThrow(
    'settings: dequantisation must stay uniform',
  );
});

test('a comparison names the bound of each curve and fact, and draws the one that all runs train', async () => {
  const [uniform, variational] = [runAt('kept uniform'), runAt('kept variational')];
  const mixed = await compareRuns([uniform, variational]);
  expect(mixed.warning).toContain('the curves of held-out images are of the uniform bound');
  const headings = ({ page }: { page: string }) =>
    [...page.matchAll(/<h2>Bits per dimension, (.*?)<\/h2>/g)].map(([, rest]) => rest);
  expect(headings(mixed)).toEqual(['held out, uniform bound', 'training, each by its own bound']);
  for (const bound of ['uniform', 'variational'])
    expect(mixed.page).toContain(`best bits/dim, ${bound} bound`);

  const other = runAt('straight');
  const same = await compareRuns([variational, other]);
  expect(same.warning).toBeUndefined();
  expect(headings(same)).toEqual(['held out, variational bound', 'training, variational bound']);
  expect(same.page).toContain('best bits/dim, variational bound');
  expect(same.page).not.toContain('uniform bound');
  // The curve is that of the heading: without its lines there is none.
  const run = { bound: 'variational', facts: {}, samples: undefined } as const;
  const line = (step: number) => ({ step, images: 8 * step, validationBitsPerDimVariational: 3 - step });
  const metrics = [line(0), line(1)];
  const drawn = renderComparison(['a', 'b'].map((name) => ({ ...run, name, metrics })));
  expect(drawn.match(/No values yet/g)).toHaveLength(1); // of training
});

test('a new run may start from weights with or without a dequantiser', async () => {
  const init = await readCheckpoint(runAt('kept variational'), 'last');
  const uniform = runAt('from variational');
  await train({ ...base, out: uniform, start: { init }, settings: { ...tinySettings, epochs: 1 } });
  const plain = await readCheckpoint(uniform, 'last');
  expect(Object.keys(plain.params.trainable).filter(isOfNoise)).toEqual([]);
  const out = runAt('from uniform');
  const start = { init: plain };
  const result = await train({ ...base, out, start, settings: { ...settings, epochs: 1 } });
  expect(result.bitsPerDim.best).toBeLessThan(Number.POSITIVE_INFINITY);
  const again = await readCheckpoint(out, 'last');
  expect(Object.keys(again.params.trainable).filter(isOfNoise)).toHaveLength(24);
});

test('numbers, which lie in no bins, and other words are refused', async () => {
  const features = Array.from({ length: 50 }, (_, i) => ({
    data: Float32Array.from({ length: 64 }, () => i),
  }));
  const data = await numbersFrom(
    features.map((one) => ({ ...one, shape: [1, 8, 8] as const })),
    { name: 'features' },
  );
  const start = { config: createConfig({ channels: 1, height: 8, width: 8, bits: 0 }) };
  await expect(train({ ...base, data, start, out: runAt('numbers'), settings })).rejects.toThrow(
    'dequantisation "variational" makes real numbers of pixels, but 0 bits are real numbers; use "uniform"',
  );
  await expect(
    train({ ...base, out: runAt('word'), settings: { dequantisation: 'flow' as never } }),
  ).rejects.toThrow('settings: dequantisation must be one of uniform, variational, got "flow"');
});
