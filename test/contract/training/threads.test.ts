import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { splitBatch } from '../../../packages/trainer/src/engine/batch.js';
import { relativeError } from '../../support/numeric.js';
import { readCheckpoint, readMetrics, temporaryRuns } from '../../support/training.js';

/** Gradients of parts of a batch add up in another order; a few steps of Adam carry the float32 rounding on. */
const TOLERANCE = 1e-4;

const runAt = temporaryRuns();
// Workers and signals need the built command: `npm test` builds first.
const command = 'packages/trainer/bin/glow-train.js';
const flags = (out: string, threads: number): string[] => [
  ...[command, '--data', 'models/pixel-faces/faces.json', '--limit', '120', '--out', out, '--device', 'wasm'],
  ...['--steps', '2', '--hidden', '16', '--bits', '5', '--batch', '18', '--threads', String(threads)],
];

test('a batch is split in order into parts of nearly equal size, never empty ones', () => {
  const batch = {
    count: 5,
    x: Float32Array.of(0, 0, 1, 1, 2, 2, 3, 3, 4, 4),
    classes: Uint16Array.of(5, 6, 7, 8, 9),
  };
  expect(splitBatch(batch, 2)).toEqual([
    { count: 3, x: Float32Array.of(0, 0, 1, 1, 2, 2), classes: Uint16Array.of(5, 6, 7) },
    { count: 2, x: Float32Array.of(3, 3, 4, 4), classes: Uint16Array.of(8, 9) },
  ]);
  expect(splitBatch(batch, 9).map(({ count }) => count)).toEqual([1, 1, 1, 1, 1]);
});

test('three threads train as one does', async () => {
  const runs = [runAt('one'), runAt('three')];
  for (const [i, threads] of [1, 3].entries()) {
    await promisify(execFile)(process.execPath, [...flags(runs[i], threads), '--epochs', '1']);
  }
  const scores = await Promise.all(
    runs.map(async (run) =>
      (await readMetrics(run)).map((line) => line.validationBitsPerDim ?? line.bitsPerDim),
    ),
  );
  expect(scores[0]).toHaveLength(3);
  expect(relativeError(scores[1], scores[0])).toBeLessThan(TOLERANCE);
});

test('a callback that throws leaves no thread that keeps the process alive', async () => {
  const program = `
    import { createConfig } from '@glow-onnx/flow';
    import { openDataset, train } from '@glow-onnx/trainer';
    const data = await openDataset('models/pixel-faces/faces.json', { limit: 40 });
    const config = createConfig({ channels: 3, height: 16, width: 16, levels: 2, steps: 1, hiddenChannels: 8 });
    const onDevice = () => { throw new Error('the callback'); };
    const options = { start: { config }, data, out: process.argv[1], settings: { batch: 16 }, onDevice };
    await train({ ...options, engine: 'tfjs', device: 'wasm', threads: 2 }).catch(({ message }) => console.log(message));
    await data.close();
  `;
  const argv = ['--input-type=module', '--eval', program, runAt('thrown')];
  const { stdout } = await promisify(execFile)(process.execPath, argv, { timeout: 40_000 });
  expect(stdout).toBe('the callback\n');
});

test('Ctrl-C saves and exits with 130', async () => {
  const out = runAt('interrupted');
  const child = spawn(process.execPath, [...flags(out, 2), '--epochs', '9999'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (text.includes('per epoch')) setTimeout(() => child.kill('SIGINT'), 1500);
  });
  const [code] = await once(child, 'exit');
  expect(code).toBe(130);
  const { progress } = await readCheckpoint(out, 'last');
  expect(progress?.step).toBeGreaterThan(0);
});
