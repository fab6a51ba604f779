import { train } from '@glow-onnx/trainer';
import { tinyConfig } from '../../support/tiny-config.js';
import { readCheckpoint, readMetrics, temporaryRuns, tinySettings } from '../../support/training.js';
import { tinyRun as base } from './tiny-run.js';

const runAt = temporaryRuns();
const { data } = base;

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
    wrong: { start: { config: tinyConfig({ channels: 3 }) } },
    message: 'data: ramps has channels 1, but the model expects 3',
  },
  {
    name: 'a model with classes without labels',
    wrong: { start: { config: tinyConfig({ channels: 1, prior: 'learned', classes: 2 }) } },
    message: 'the model has classes, but nothing says which labels of ramps they are (found: way)',
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
    'pass --resume to continue it, or --force to replace it',
  );
  await train({ ...base, out, force: true });
});

test.each([
  [{ maxMemory: 0 }, 'maxMemory must be an integer from 1 on, got 0'],
  [{ threads: 0 }, 'threads must be an integer from 1 to 256, got 0'],
  [{ threads: 1.5 }, 'threads must be an integer from 1 to 256, got 1.5'],
])('%j is refused before anything is written', async (change, message) => {
  const out = runAt(`limits ${message}`);
  await expect(train({ ...base, out, ...change })).rejects.toThrow(message);
  await expect(readCheckpoint(out, 'last')).rejects.toThrow('ENOENT');
});

test('classes of other words than a checkpoint was trained on are refused', async () => {
  const config = tinyConfig({ channels: 1, prior: 'learned', classes: 2 });
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
