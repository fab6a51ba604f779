import { mkdir, readFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import sharp from 'sharp';
import { main } from '../../../packages/trainer/src/cli/main.js';
import { runOf } from '../../../packages/trainer/src/run/run-checkpoint.js';
import { recipeFor } from '../../../packages/trainer/src/settings/recipes.js';
import { glowTrain } from '../../support/glow-train.js';
import { readCheckpoint, rowOfFaces, temporaryRuns } from '../../support/training.js';

const faces = ['--data', rowOfFaces(), '--limit', '40'];
const short = ['--steps', '1', '--hidden', '8', '--epochs', '1', '--device', 'wasm', '--threads', '1'];
const runAt = temporaryRuns();

test('a recipe is printed as flags, chosen for the data, and used', async () => {
  const out = runAt('recipe');
  const { code, stderr } = await glowTrain(...faces, '--recipe', 'photos', ...short, '--out', out);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('recipe photos: --bits 5 ') });
  expect(stderr).toContain('--optimizer muon --batch 8 --flip --shift 2 ');
  const checkpoint = await readCheckpoint(out, 'last');
  expect(checkpoint.config).toMatchObject({ bits: 5, steps: 1, hiddenChannels: 8 });
  expect(runOf(checkpoint)?.settings).toMatchObject({
    optimizer: 'muon',
    rate: 2.8e-3,
    flip: true,
    shift: 2,
    batch: 8,
    epochs: 1,
  });
});

test('the recipe best brings its variant, optimiser and rate, for classes too', async () => {
  const out = runAt('best');
  const { code, stderr } = await glowTrain(
    ...faces,
    '--recipe',
    'best',
    '--labels',
    'hair',
    ...short,
    '--out',
    out,
  );
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: expect.stringMatching(/recipe best: --preset bounded --bits 8 .*--optimizer muon .*--lr 0\.\d+/),
  });
  const checkpoint = await readCheckpoint(out, 'last');
  expect(checkpoint.config).toMatchObject({ bits: 8, coupling: 'bounded', prior: 'bounded', steps: 1 });
  expect(checkpoint.config.classes).toBeGreaterThan(1);
  const { optimizer, rate, batch } = recipeFor('best', { count: 40 }).settings;
  expect(runOf(checkpoint)?.settings).toMatchObject({ optimizer, rate, batch });
});

test('with a model to start from, a recipe prints and changes no flags of the model', async () => {
  const first = runAt('first');
  await glowTrain(...faces, ...short, '--out', first);
  const init = [
    '--init',
    join(first, 'last.safetensors'),
    '--epochs',
    '1',
    '--device',
    'wasm',
    '--threads',
    '1',
  ];
  const { code, stderr } = await glowTrain(...faces, '--recipe', 'best', ...init, '--out', runAt('second'));
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: expect.stringContaining('recipe best: --schedule cosine'),
  });
});

test('with a time budget, a run by a recipe ends with the time, and proposes a model for the kind of images', async () => {
  const out = runAt('timed');
  const flags = [
    '--steps',
    '1',
    '--hidden',
    '4',
    '--device',
    'wasm',
    '--threads',
    '1',
    '--time-budget',
    '0.05',
  ];
  const { code, stdout, stderr } = await glowTrain(...faces, '--recipe', 'best', ...flags, '--out', out);
  expect({ code, stdout, stderr }).toEqual({
    code: 0,
    stdout: expect.stringContaining('time budget used up'),
    stderr: expect.stringContaining('--epochs 1000000'),
  });
  expect(stderr).toContain('models/faces has learned drawn faces');
});

test('a variant that is asked for replaces that of the recipe', async () => {
  const out = runAt('other variant');
  await glowTrain(...faces, '--recipe', 'best', '--preset', 'tutorial', ...short, '--out', out);
  expect((await readCheckpoint(out, 'last')).config).toMatchObject({ coupling: 'tanh', prior: 'standard' });
});

test('each value of a recipe can be replaced, --flip too', async () => {
  const out = runAt('replaced');
  const others = ['--no-flip', '--bits', '4', '--batch', '16', '--shift', '1', '--schedule', 'constant'];
  const { stderr } = await glowTrain(...faces, '--recipe', 'photos', ...short, ...others, '--out', out);
  expect(stderr).not.toMatch(/recipe photos:.*--(no-)?flip/);
  const checkpoint = await readCheckpoint(out, 'last');
  expect(checkpoint.config.bits).toBe(4);
  expect(runOf(checkpoint)?.settings).toMatchObject({
    ...{ flip: false, shift: 1, batch: 16, schedule: 'constant', warmup: 300 },
  });
});

test('without a recipe every setting has its default, and the recipe that fits is named', async () => {
  const out = runAt('none');
  const { stderr } = await glowTrain(...faces, ...short, '--out', out);
  expect(stderr).toContain('For these images: --recipe drawings');
  expect(stderr).toContain('models/faces has learned drawn faces: --init models/faces starts');
  expect((await readCheckpoint(out, 'last')).config.bits).toBe(8);
});

test('a resumed run keeps its settings: a recipe is refused', async () => {
  const { code, stderr } = await glowTrain(...faces, '--recipe', 'quick', '--resume', '--out', runAt('none'));
  expect(code).toBe(1);
  expect(stderr).toContain('--resume continues with the settings of the run in --out, but --recipe chooses');
});

test('with a recipe, large images become 32×32 and small ones keep their size', async () => {
  const train = async (name: string, side: number, ...flags: string[]) => {
    const data = runAt(`images of ${name}`);
    await mkdir(data);
    for (let i = 0; i < 12; i++) {
      const background = { r: 20 * i, g: 90, b: 30 };
      const image = sharp({ create: { width: side + i, height: side + i, channels: 3, background } });
      await image
        .resize(side, side)
        .png()
        .toFile(join(data, `${i}.png`));
    }
    const out = runAt(name);
    const { stderr } = await glowTrain('--data', data, '--recipe', 'quick', ...short, ...flags, '--out', out);
    expect(stderr).toContain('12 images');
    const { height, width } = (await readCheckpoint(out, 'last')).config;
    return [height, width];
  };
  expect(await train('large', 100)).toEqual([32, 32]);
  expect(await train('small', 24)).toEqual([24, 24]);
  expect(await train('asked for', 100, '--size', '16x24')).toEqual([16, 24]);
});

test('after ten steps the run says how long it takes, and what is a rule or an estimate', async () => {
  const flags = ['--steps', '2', '--hidden', '8', '--batch', '4', '--epochs', '2', '--device', 'wasm'];
  const { stderr } = await glowTrain(...faces, ...flags, '--threads', '1', '--out', runAt('forecast'));
  expect(stderr).toMatch(/images\/s: 8 steps more in 0m\d\ds, until about \w{3},? \d\d:\d\d\n/);
  expect(stderr).toMatch(
    /as a rule of thumb, shapes appear after .* steps: here in .*, which is after the end/,
  );
  expect(stderr).toContain('--steps 1 would be about 2.0 times as fast (estimated from its multiplications)');
});

test('--open serves the report while training goes on, and ends with it', async () => {
  const out = runAt('open');
  let [page, url] = ['', ''];
  const stderr = Object.assign(new (await import('node:stream')).PassThrough(), { isTTY: false });
  stderr.on('data', (text) => {
    url ||= /report: (http\S+)/.exec(String(text))?.[1] ?? '';
    if (url === '' || page !== '') return;
    get(url, { agent: false }, (response) => response.on('data', (part) => (page += part)));
  });
  const argv = [...faces, ...short, '--open', '--out', out];
  const terminal = { stdout: stderr, stderr };
  expect(await main(argv, '1.2.3', terminal, new AbortController().signal)).toBe(0);
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  expect(page).toContain('This page renews itself.');
  expect(await readFile(join(out, 'report.html'), 'utf8')).not.toContain('<script');
  const refused = new Promise((resolve) => get(url, { agent: false }).on('error', resolve));
  expect(await refused).toMatchObject({ code: 'ECONNREFUSED' });
});
