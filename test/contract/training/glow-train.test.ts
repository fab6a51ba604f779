import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import sharp from 'sharp';
import { glowTrain, glowTrainUntil } from '../../support/glow-train.js';
import { readCheckpoint, rowOfFaces, temporaryRuns } from '../../support/training.js';

const faces = rowOfFaces();
const runAt = temporaryRuns();
const small = [
  '--data',
  faces,
  '--limit',
  '40',
  '--steps',
  '1',
  '--hidden',
  '8',
  '--bits',
  '5',
  '--batch',
  '8',
];
const quick = [...small, '--epochs', '1', '--device', 'wasm', '--threads', '1'];

test('trains, tells what it did and leaves checkpoints and metrics', async () => {
  const out = runAt('first');
  const { code, stdout, stderr } = await glowTrain(...quick, '--out', out);
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: expect.stringContaining('faces: 40 images of 3×16×16'),
  });
  expect(stderr).toContain('TensorFlow.js on wasm');
  expect(stdout).toContain('all epochs done: 4 steps, 1 epoch, 32 images');
  expect(stdout).toContain(
    `wrote ${out}: best.safetensors, last.safetensors, metrics.jsonl, pictures, report.html\n`,
  );
  expect(await readdir(out)).toEqual(
    expect.arrayContaining(['best.safetensors', 'last.safetensors', 'metrics.jsonl']),
  );
  expect((await readCheckpoint(out, 'best')).config).toMatchObject({
    levels: 3,
    steps: 1,
    hiddenChannels: 8,
    bits: 5,
  });
});

test('names only what is there', async () => {
  const out = runAt('without-best');
  const engine = ['--engine', 'onnxruntime', '--device', 'cpu', '--threads', '1'];
  await glowTrain(...small, ...engine, '--epochs', '1', '--out', out);
  for (const name of ['best.safetensors', 'pictures']) await rm(`${out}/${name}`, { recursive: true });
  const { stdout } = await glowTrain('--data', faces, '--limit', '40', ...engine, '--resume', '--out', out);
  expect(stdout).toContain(`wrote ${out}: last.safetensors, metrics.jsonl, report.html\n`);
});

test('resumes with the settings of before, as JSON where asked', async () => {
  const out = runAt('resumed');
  await glowTrain(...quick, '--out', out);
  const { code, stdout } = await glowTrain(
    ...[
      '--data',
      faces,
      '--limit',
      '40',
      '--out',
      out,
      '--resume',
      '--epochs',
      '2',
      '--device',
      'wasm',
      '--json',
    ],
  );
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ ended: 'epochs', steps: 8, epochs: 2 });
});

test('starts from the weights of another run, and never replaces them', async () => {
  const first = runAt('origin');
  await glowTrain(...quick, '--out', first);
  const flags = ['--data', faces, '--limit', '40', '--init', `${first}/best.safetensors`];
  const settings = ['--batch', '8', '--epochs', '1', '--device', 'wasm', '--threads', '1'];
  const before = await readFile(`${first}/best.safetensors`);
  const onto = await glowTrain(...flags, ...settings, '--out', `${first}/.`, '--force');
  expect(onto).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('is read by this command: it would'),
  });
  expect((await readFile(`${first}/best.safetensors`)).equals(before)).toBe(true);
  const { code, stderr } = await glowTrain(...flags, ...settings, '--out', runAt('tuned'));
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('glow-train:') });
});

test('says which device it took and what it takes for a faster one', async () => {
  const { stderr } = await glowTrain(...small, '--epochs', '1', '--threads', '1', '--out', runAt('auto'));
  expect(stderr).toMatch(
    /device: cpu, the fastest that works here. These may be faster:\n {2}cuda for a GPU: not available here; pass --device cuda to see why\n {2}webgpu .*\nONNX Runtime on cpu; /,
  );
});

test('keeps no activations where told so, and only ONNX Runtime can do that', async () => {
  const flags = [...small, '--epochs', '1', '--memory', 'reversible', '--out', runAt('reversible')];
  const { code, stderr } = await glowTrain(...flags, '--engine', 'onnxruntime');
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('activations recomputed') });
  const refused = await glowTrain(...flags, '--engine', 'tfjs', '--force');
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('pass --engine onnxruntime') });
});

test('flags of learning are settings of the run', async () => {
  const out = runAt('flags');
  const flags =
    '--dequantisation variational --optimizer adamax --beta1 0.8 --beta2 0.99 --lr 2e-3 --schedule cosine --clip 9 --skip-outliers 8 --ema 0.9 --accumulate 2 --time-budget 90';
  await glowTrain(...quick, ...flags.split(' '), '--out', out);
  expect((await readCheckpoint(out, 'last')).progress?.settings).toMatchObject({
    ...{ optimizer: 'adamax', rate: 2e-3, schedule: 'cosine', clip: 9, skipOutliers: 8, ema: 0.9 },
    ...{ batch: 8, timeBudgetMinutes: 90, accumulate: 2, beta1: 0.8, beta2: 0.99 },
    dequantisation: 'variational',
  });
});

test('trains a class-conditional model on labels', async () => {
  const out = runAt('labels');
  const { code } = await glowTrain(...quick, '--labels', 'background', '--out', out);
  expect(code).toBe(0);
  expect((await readCheckpoint(out, 'last')).config).toMatchObject({ prior: 'learned', topPrior: 'channel' });
});

test.each([
  ['no data', ['--out', 'x'], "required option '--data <path>' not specified"],
  ['no run folder', ['--data', faces], "required option '--out <dir>' not specified"],
  [
    'a device that does not exist',
    [...quick, '--out', 'x', '--device', 'tpu'],
    'Allowed choices are auto, cpu',
  ],
  ['a number that is none', [...quick, '--out', 'x', '--epochs', 'many'], 'It must be a number.'],
  ['a size that is none', [...quick, '--out', 'x', '--size', '16'], 'such as 32x32'],
  ['an unknown flag', [...quick, '--out', 'x', '--cuda'], "unknown option '--cuda'"],
])('%s is wrong usage', async (_, argv, message) => {
  const { code, stderr } = await glowTrain(...argv);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) });
});

test.each([
  ['data that is not there', ['--data', 'nowhere', '--out', 'x'], 'nowhere cannot be opened'],
  ['too many levels', [...quick, '--out', 'x', '--levels', '5'], '--size 16 cannot pass 5 levels'],
  [
    'a batch too large',
    [...quick, '--out', 'x', '--batch', '99'],
    'a batch of 99 is more than the 36 training images',
  ],
  [
    'labels that the data lacks',
    [...quick, '--out', 'x', '--labels', 'mood'],
    'has no attribute "mood" (found: ',
  ],
  [
    'a rate below 0',
    [...quick, '--out', 'x', '--lr', '-1'],
    'glow-train: --lr must be a number above 0, got -1',
  ],
  [
    'a part to validate of more than all',
    [...quick, '--out', 'x', '--val-fraction', '2'],
    'glow-train: --val-fraction must be a number between 0 and 1, got 2',
  ],
  [
    'time that is over',
    [...quick, '--out', 'x', '--time-budget', '-1'],
    'glow-train: --time-budget must be a number of at least 0 (0: no limit), got -1',
  ],
  ['--resume with --init', [...quick, '--out', 'x', '--resume', '--init', 'y'], 'pass only one of them'],
  [
    '--resume with a model flag',
    [...quick, '--out', 'x', '--resume'],
    '--steps is decided by the checkpoint of the run in x; leave it out',
  ],
  [
    '--resume of nothing',
    ['--data', faces, '--limit', '40', '--out', 'nothing', '--resume'],
    'no checkpoint to resume',
  ],
  [
    '--init of no checkpoint',
    ['--data', faces, '--limit', '40', '--out', 'x', '--init', 'package.json'],
    'package.json: ',
  ],
])('%s is one line that says so', async (_, argv, message) => {
  const { code, stderr } = await glowTrain(...argv);
  const lines = stderr.trimEnd().split('\n');
  expect({ code, line: lines.at(-1) }).toEqual({ code: 1, line: expect.stringMatching(/^glow-train: /) });
  expect(lines.at(-1)).toContain(message);
});

test('a resumed run knows the size of its pictures, and says when too few steps are planned', async () => {
  const pictures = `${runAt('pictures')}`;
  await mkdir(pictures);
  for (let i = 0; i < 12; i++) {
    const grey = {
      create: { width: 20 + i, height: 24, channels: 3 as const, background: `rgb(${i * 9}, 80, 120)` },
    };
    await sharp(grey).png().toFile(`${pictures}/${i}.png`);
  }
  const out = runAt('sized');
  const flags = ['--data', pictures, '--out', out, '--device', 'wasm', '--threads', '1', '--epochs', '1'];
  const model = ['--size', '8x16', '--steps', '1', '--hidden', '8', '--batch', '4'];
  const first = await glowTrain(...flags, ...model);
  expect(first.stderr).toContain('2 steps in all: samples will be noise');
  expect(first.code).toBe(0);
  const second = await glowTrain(...flags, '--resume', '--epochs', '2');
  expect(second).toMatchObject({ code: 0, stdout: expect.stringContaining('4 steps, 2 epochs') });
});

test('an attribute that the data does not have is named with those it has', async () => {
  const { code, stderr } = await glowTrain(...quick, '--out', runAt('species'), '--labels', 'species');
  expect(code).toBe(1);
  expect(stderr).toMatch(/--labels: faces has no attribute "species" \(found: .*glasses/);
});

test('labels, a flip and a shift of pictures in folders train, and a resumed run keeps them', async () => {
  const pictures = runAt('classes');
  for (let i = 0; i < 12; i++) {
    const folder = `${pictures}/${i % 2 ? 'light' : 'dark'}`;
    await mkdir(folder, { recursive: true });
    const grey = {
      create: { width: 8, height: 8, channels: 3 as const, background: i % 2 ? '#ddd' : '#222' },
    };
    await sharp(grey).png().toFile(`${folder}/${i}.png`);
  }
  const out = runAt('classes run');
  const flags = ['--data', pictures, '--out', out, '--device', 'wasm', '--threads', '1'];
  const model = ['--steps', '1', '--hidden', '8', '--batch', '4', '--epochs', '1'];
  await glowTrain(...flags, ...model, '--labels', 'folder', '--flip', '--shift', '2');
  const { training, progress, config } = await readCheckpoint(out, 'last');
  expect(config.classes).toBe(2);
  expect(training).toMatchObject({ labels: 'folder', classNames: ['dark', 'light'] });
  expect(progress?.settings).toMatchObject({ flip: true, shift: 2, labels: 'folder' });
  expect(await glowTrain(...flags, '--resume', '--epochs', '2')).toMatchObject({ code: 0 });
  const tuned = [...flags.slice(0, 2), '--out', runAt('classes tuned'), ...flags.slice(4)];
  const init = ['--init', `${out}/last.safetensors`, '--batch', '4', '--epochs', '1'];
  expect(await glowTrain(...tuned, ...init)).toMatchObject({ code: 0 });
});

test('an interruption while pictures are read ends at once, with nothing written', async () => {
  const pictures = runAt('interrupted pictures');
  await mkdir(pictures);
  await sharp({ create: { width: 8, height: 8, channels: 3, background: '#888' } }).toFile(
    `${pictures}/a.png`,
  );
  const flags = ['--data', pictures, '--out', runAt('interrupted')];
  expect(await glowTrainUntil(AbortSignal.abort(), ...flags)).toEqual({
    code: 130,
    stdout: '',
    stderr: 'glow-train: interrupted before training began\n',
  });
});
