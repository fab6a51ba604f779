import { writeFile } from 'node:fs/promises';
import { createRandom, encodeCheckpoint } from '@glow-onnx/flow';
import { openDataset, train } from '@glow-onnx/trainer';
import { evaluateMain } from '../../../packages/trainer/src/cli/glow-evaluate.js';
import { evaluateCheckpoint } from '../../../packages/trainer/src/run/evaluate.js';
import { ramps, readCheckpoint, temporaryRuns, tinySettings } from '../../support/training.js';
import { tinyRun } from './tiny-run.js';

/** Batches of another size than in the run: float32 sums in another order. */
const FLOAT32 = 1e-5;

const runAt = temporaryRuns();
const options = { draws: 1, all: false, threads: 1 };
const data = runAt;

/** Images of 8×8 as an IDX file. */
async function idx(name: string, seed: number): Promise<string> {
  const random = createRandom(seed);
  const header = Buffer.alloc(16);
  for (const [i, value] of [0x803, 40, 8, 8].entries()) header.writeUInt32BE(value, 4 * i);
  const pixels = Uint8Array.from({ length: 40 * 64 }, () => random.below(64));
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
    expect(Math.abs((bitsPerDim[kind]?.mean as number) - (expected as number))).toBeLessThan(FLOAT32);
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
    'evaluate: the checkpoint does not come from a training run',
  );
  const found = await evaluateCheckpoint(weights, others, { ...options, all: true });
  expect(Object.keys(found.bitsPerDim)).toEqual(['uniform', 'variational']);
  for (const draws of [0, 1.5, 2 ** 17]) {
    await expect(evaluateCheckpoint(weights, ramps(), { ...options, draws })).rejects.toThrow(
      `evaluate: draws must be an integer from 1 to 65536, got ${draws}`,
    );
  }
});

describe('glow-onnx evaluate', () => {
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
