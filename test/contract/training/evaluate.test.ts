import { mkdir, writeFile } from 'node:fs/promises';
import {
  type Checkpoint,
  createConfig,
  createGlow,
  createRandom,
  encodeCheckpoint,
  initialParams,
} from '@glow-onnx/flow';
import { encodeSafetensors, type JsonObject } from '@glow-onnx/flow/internal';
import { writePng } from '@glow-onnx/runtime/node';
import { openDataset, openNumbers, train } from '@glow-onnx/trainer';
import { evaluateMain } from '../../../packages/trainer/src/cli/glow-evaluate.js';
import { evaluateCheckpoint } from '../../../packages/trainer/src/run/evaluate.js';
import { tinyConfig } from '../../support/tiny-config.js';
import { ramps, readCheckpoint, temporaryRuns, tinySettings } from '../../support/training.js';
import { tinyRun } from './tiny-run.js';

/** A model of two classes. */
const classy = tinyConfig({ channels: 1, classes: 2, topPrior: 'channel', prior: 'learned' });

const runAt = temporaryRuns();
const options = { draws: 1, all: false, threads: 1 };
const data = runAt;

/** Square images as an IDX file. */
async function idx(name: string, seed: number, side = 8): Promise<string> {
  const random = createRandom(seed);
  const header = Buffer.alloc(16);
  for (const [i, value] of [0x803, 40, side, side].entries()) header.writeUInt32BE(value, 4 * i);
  const pixels = Uint8Array.from({ length: 40 * side ** 2 }, () => random.below(64));
  await writeFile(data(name), Buffer.concat([header, pixels]));
  return data(name);
}

beforeAll(async () => {
  const images = await openDataset(await idx('images', 1));
  for (const dequantisation of ['uniform', 'variational'] as const) {
    const settings = { ...tinySettings, epochs: 1, dequantisation };
    await train({ ...tinyRun, device: 'cpu', data: images, out: runAt(dequantisation), settings });
  }
});

test('one draw gives the scores of the run’s own validation, and more draws a lower importance-weighted bound', async () => {
  const images = await openDataset(data('images'));
  const checkpoint = await readCheckpoint(runAt('variational'), 'last');
  const { bitsPerDim, ...others } = await evaluateCheckpoint(checkpoint, images, options);
  expect(others).toEqual({ images: 8, heldOut: true, draws: 1 });
  const { training = {} } = checkpoint;
  for (const [kind, expected] of [
    ['uniform', training.bitsPerDim],
    ['variational', training.variationalBitsPerDim],
  ] as const) {
    expect(bitsPerDim[kind]?.mean).toBe(expected); // of batches of the same size
    expect(bitsPerDim[kind]?.importance).toBe(bitsPerDim[kind]?.mean);
  }
  const drawn = await evaluateCheckpoint(checkpoint, images, { ...options, draws: 4 });
  for (const kind of ['uniform', 'variational'] as const) {
    const { mean, importance } = drawn.bitsPerDim[kind] as { mean: number; importance: number };
    expect(mean - importance).toBeGreaterThan(0);
    // At most log₂ 4 bits an image below the best draw, and draws differ by little.
    expect(mean - importance).toBeLessThan(0.5);
  }
});

test('a checkpoint without a dequantiser has the uniform bound alone', async () => {
  const images = await openDataset(data('images'));
  const checkpoint = await readCheckpoint(runAt('uniform'), 'best');
  const all = await evaluateCheckpoint(checkpoint, images, { ...options, all: true });
  expect(all).toMatchObject({ images: 40, heldOut: false });
  expect(Object.keys(all.bitsPerDim)).toEqual(['uniform']);
});

test('other data, other sizes and weights of no run are refused, unless all images shall be scored', async () => {
  const checkpoint = await readCheckpoint(runAt('variational'), 'last');
  await idx('others', 2);
  const others = await openDataset(data('others'));
  await expect(evaluateCheckpoint(checkpoint, others, options)).rejects.toThrow(
    'are not those that the run started with',
  );
  const { progress: _, optimizer: __, ...weights } = checkpoint;
  await expect(evaluateCheckpoint(weights, others, options)).rejects.toThrow(
    'the checkpoint does not come from a training run',
  );
  const found = await evaluateCheckpoint(weights, others, { ...options, all: true });
  expect(Object.keys(found.bitsPerDim)).toEqual(['uniform', 'variational']);
  for (const draws of [0, 1.5, 2 ** 17]) {
    await expect(evaluateCheckpoint(weights, ramps(), { ...options, draws })).rejects.toThrow(
      `--draws must be an integer from 1 to 65536, got ${draws}`,
    );
  }
});

describe('glow-onnx evaluate', () => {
  /** The checkpoint of the variational run, changed, as a file. */
  async function changed(name: string, change: (checkpoint: Checkpoint) => object): Promise<string> {
    const checkpoint = await readCheckpoint(runAt('variational'), 'last');
    await writeFile(data(name), encodeCheckpoint({ ...checkpoint, ...change(checkpoint) }));
    return data(name);
  }

  const command = async (...args: readonly string[]) => {
    const texts = { stdout: '', stderr: '' };
    const stream = (name: 'stdout' | 'stderr') =>
      ({
        write(text: string) {
          texts[name] += text;
          return true;
        },
      }) as never;
    const terminal = { stdout: stream('stdout'), stderr: stream('stderr') };
    return { code: await evaluateMain(args, terminal, new AbortController().signal), ...texts };
  };

  test('prints each bound with its name, for people and as JSON', async () => {
    const args = [
      `${runAt('variational')}/last.safetensors`,
      '--data',
      data('images'),
      '--draws',
      '2',
      '--threads',
      '1',
    ];
    const { code, stdout } = await command(...args);
    expect(code).toBe(0);
    const lines = stdout.split('\n').map((line) => line.split(/ {2,}/));
    expect(lines[0]?.[0]).toBe('images: 8 images that the run held out, 2 draws of noise each');
    expect(lines[1]).toEqual(['bits/dim', 'mean of draws', 'importance-weighted']);
    expect(lines.slice(2, 4).map(([name]) => name)).toEqual(['uniform noise', 'variational noise']);
    const json = JSON.parse((await command(...args, '--json')).stdout);
    expect(json.bitsPerDim.variational.mean.toFixed(4)).toBe(lines[3]?.[1]);
  });

  test('says if the run kept no fingerprint of its images', async () => {
    const old = await changed('old', ({ progress = {} }) => {
      const { pixels: _, ...facts } = progress.data as JsonObject;
      return { progress: { ...progress, data: facts } };
    });
    const { code, stdout, stderr } = await command(old, '--data', data('images'), '--json');
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining('warning: the run was saved by an earlier version'),
    });
    expect(JSON.parse(stdout)).toMatchObject({ images: 8, warning: expect.stringContaining('fingerprint') });
  });

  test('takes one of several tensors of numbers, which have no noise', async () => {
    const { normal } = createRandom(5);
    const tensor = () =>
      ({ dtype: 'F32', shape: [40, 1, 8, 8], data: Float32Array.from({ length: 2560 }, normal) }) as const;
    const file = data('numbers.safetensors');
    await writeFile(file, encodeSafetensors({ a: tensor(), b: tensor() }));
    const numbers = await openNumbers(file, { tensor: 'b' });
    const config = createConfig({ ...tinyConfig({ channels: 1 }), bits: 0 });
    const settings = { ...tinySettings, epochs: 1 };
    const { bitsPerDim } = await train({
      ...{ start: { config }, data: numbers, out: runAt('numbers'), settings, device: 'cpu', threads: 1 },
    });
    const args = [`${runAt('numbers')}/best.safetensors`, '--data', file];
    const { code, stdout } = await command(...args, '--tensor', 'b');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(
        /^numbers\.safetensors: 8 feature maps that the run held out\nbits\/dim of the density: \S+\n$/,
      ),
    });
    expect(Number(stdout.split(': ').at(-1))).toBeCloseTo(bitsPerDim.best, 3);
    expect((await command(...args)).stderr).toContain('pass --tensor with the name of one of them');
    const drawn = await command(...args, '--tensor', 'b', '--draws', '2');
    expect(drawn.stderr).toContain('numbers.safetensors has numbers; pass --draws 1');
  });

  test('an import of classes asks for --labels', async () => {
    const { trainable, fixed } = initialParams(createGlow(classy), 1);
    const imported = encodeCheckpoint({
      ...{ config: classy, params: { trainable, fixed }, initialised: true },
    });
    await writeFile(data('imported'), imported);
    await mkdir(data('folder'), { recursive: true });
    const names = Array.from({ length: 4 }, (_, i) => `${i}.png`);
    for (const [i, name] of names.entries()) {
      await writePng(`${data('folder')}/${name}`, {
        ...{ width: 8, height: 8, channels: 1, data: new Uint8Array(64).fill(40 * i) },
      });
    }
    const rows = names.map((name, i) => `${name},${i % 2 ? 'odd' : 'even'},${i}`);
    await writeFile(`${data('folder')}/metadata.csv`, ['file_name,kind,place', ...rows, ''].join('\n'));
    const args = [data('imported'), '--data', data('folder'), '--all'];
    const { code, stderr } = await command(...args);
    expect([code, stderr]).toEqual([
      1,
      'glow-onnx evaluate: the model has 2 classes, and the checkpoint does not name the labels that they are; ' +
        'pass --labels (found in folder: kind, place)\n',
    ]);
    expect(await command(...args, '--labels', 'kind')).toMatchObject({ code: 0, stderr: '' });
    expect((await command(...args, '--labels', 'size')).stderr).toContain('pass one of these as --labels');
    const advice = 'pass --labels with the classes of the model\n';
    expect((await command(...args, '--labels', 'place')).stderr).toContain(
      `place of folder has 4 values, but the model has 2 classes; ${advice}`,
    );
    await writeFile(
      data('named'),
      encodeCheckpoint({
        ...{ config: classy, params: { trainable, fixed }, initialised: true },
        training: { classNames: ['odd', 'even'] },
      }),
    );
    const named = [data('named'), '--data', data('folder'), '--all', '--labels', 'kind'];
    expect((await command(...named)).stderr).toContain(
      `the classes even, odd, but the checkpoint was trained on odd, even; ${advice}`,
    );
  });

  test.each<[string, () => Promise<string[]>, string, RegExp?]>([
    [
      'threads',
      async () => ['--data', data('images'), '--threads', '0'],
      '--threads must be an integer from 1 on, got 0',
    ],
    [
      'other images',
      async () => ['--data', await idx('others', 2)],
      'pass the same data, with the --limit of the run if it had one, or --all to score these images',
      /--init/,
    ],
    [
      'images of another size',
      async () => ['--data', await idx('large', 3, 12)],
      'pass images of the size and channels of the model',
      /--size|--channels/,
    ],
    [
      'labels',
      async () => ['--data', data('images'), '--labels', 'kind'],
      'this one has none; leave --labels out',
    ],
    ['a tensor', async () => ['--data', data('images'), '--tensor', 'a'], '--tensor names a tensor of a'],
  ])('gives advice that this command can follow: %s', async (_, args, advice, never = /openEngine/) => {
    const { code, stderr } = await command(`${runAt('variational')}/last.safetensors`, ...(await args()));
    expect([code, stderr]).toEqual([1, expect.stringContaining(advice)]);
    expect(stderr).not.toMatch(never);
  });

  test.each([
    [['absent.safetensors'], 2, "required option '--data <path>' not specified"],
    [['--data', 'x'], 2, "missing required argument 'checkpoint'"],
    [['absent.safetensors', '--data', 'x'], 1, 'absent.safetensors'],
    [['$', '--data', '$images', '--draws', '0'], 1, '--draws must be an integer from 1 to 65536, got 0'],
    [['$', '--data', '$images', '--draws', 'two'], 2, 'must be a number'],
    [['$broken', '--data', '$images'], 1, 'cannot be used'],
  ])('%j ends with code %d', async (args, code, message) => {
    await writeFile(
      data('broken'),
      encodeCheckpoint(await readCheckpoint(runAt('uniform'), 'last')).subarray(9),
    );
    const places = args.map((arg) =>
      arg === '$' ? `${runAt('uniform')}/last.safetensors` : arg.replace(/^\$(.*)/, (_, name) => data(name)),
    );
    const found = await command(...places);
    expect([found.code, found.stderr]).toEqual([code, expect.stringContaining(message)]);
  });
});
