import { datasetFrom, openDataset, train } from '@glow-onnx/trainer';
import { openEngine } from '@glow-onnx/trainer/engine';
import { glowTrain } from '../../support/glow-train.js';
import { ramps, rampsConfig } from '../../support/training.js';

const start = { config: rampsConfig };
const given = { start, data: ramps(), out: 'never-written' };

test.each<[string, () => Promise<unknown>, string]>([
  ['no options', () => train(undefined as never), 'train: expected the options as an object'],
  [
    'a mistyped name',
    () => train({ ...given, setings: {} } as never),
    'train: unknown option "setings"; did you mean',
  ],
  [
    'a mistyped setting',
    () => train({ ...given, settings: { epoch: 3 } as never }),
    'settings: unknown option "epoch"; did you mean epochs?',
  ],
  [
    'a config for a start',
    () => train({ ...given, start: rampsConfig } as never),
    'start must be { config }, { init',
  ],
  [
    'a config where a checkpoint belongs',
    () => train({ ...given, start: { init: { config: rampsConfig } as never } }),
    'start must be { config }, { init',
  ],
  [
    'data that are still read',
    () => train({ ...given, data: (async () => 1)() } as never),
    '(await it), got an inst',
  ],
  [
    'no folder',
    () => train({ start, data: ramps() } as never),
    'train: out must be the path of a folder, got undef',
  ],
  [
    'an unknown device',
    () => train({ ...given, device: 'gpu' as never }),
    'train: device must be "auto", "cpu"',
  ],
  [
    'a number for a signal',
    () => train({ ...given, signal: 5 as never }),
    'train: signal must be an AbortSignal',
  ],
  [
    'a mistyped name for data',
    () => openDataset('x', { lables: 'y' } as never),
    'openDataset: unknown option "lables"',
  ],
  [
    'a size that is a number',
    () => openDataset('x', { size: 32 as never }),
    'size must be an object { height, width',
  ],
  [
    'two channels',
    () => openDataset('x', { channels: 2 as never }),
    'openDataset: channels must be 1 or 3, got 2',
  ],
  [
    'no path of data',
    () => openDataset(undefined as never),
    'expected the path of a folder or file, got undefined',
  ],
  ['no name', () => datasetFrom([], {} as never), 'datasetFrom: name must be a text, got undefined'],
  ['one image', () => datasetFrom({} as never, { name: 'x' }), 'an iterable of images, got an empty object'],
  [
    'a config for an engine',
    () => openEngine(rampsConfig as never, { batch: 2 }),
    'expected { config } or a checkp',
  ],
  ['no batch', () => openEngine(start, undefined as never), 'openEngine: expected the options as an object'],
  [
    'a mistyped batch',
    () => openEngine(start, { bacth: 2 } as never),
    'unknown option "bacth"; did you mean batch?',
  ],
  [
    'an unknown memory',
    () => openEngine(start, { batch: 2, memory: 'none' as never }),
    'must be "full" or "reversible"',
  ],
])('%s is an error that says what is meant', async (_, call, message) => {
  await expect((async () => call())()).rejects.toThrow(message);
});

test('--label-file without --labels is an error, because nothing would be learned from it', async () => {
  const { code, stderr } = await glowTrain('--data', 'x', '--out', 'y', '--label-file', 'labels.csv');
  expect(code).toBe(1);
  expect(stderr).toContain('pass --labels with the name of a column of the file, or leave --label-file out');
});
