import { mkdirSync, rmSync } from 'node:fs';
import { copyFile, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Epoch, train } from '@glow-onnx/trainer';
import sharp from 'sharp';
import { reopenRunFolder } from '../../../packages/trainer/src/folder/run-folder.js';
import { readMetrics, temporaryRuns } from '../../support/training.js';
import { tinyRun as base } from './tiny-run.js';

const runAt = temporaryRuns();

test('each epoch tells its figures and pictures, and leaves them in the run folder with a report', async () => {
  const out = runAt('chronicle');
  const epochs: Epoch[] = [];
  await train({ ...base, out, onEpoch: (epoch) => epochs.push(epoch) });
  expect(epochs.map(({ progress }) => progress.step)).toEqual([5, 10]);
  expect(epochs.map(({ progress }) => progress.bitsPerDim)).toEqual(
    (await readMetrics(out)).flatMap(({ validationBitsPerDim }) => validationBitsPerDim ?? []).slice(1),
  );
  expect(epochs.every(({ pictures }) => pictures?.largestError === 0)).toBe(true);
  const steps = ['0000005', '0000010'];
  expect((await readdir(join(out, 'pictures'))).sort()).toEqual([
    ...steps.map((step) => `reconstructions-${step}.png`),
    ...steps.map((step) => `samples-${step}.png`),
  ]);
  const { height, width } = epochs[1].pictures?.samples ?? {};
  expect(await sharp(join(out, 'pictures', 'samples-0000010.png')).metadata()).toMatchObject({
    height,
    width,
  });
  expect(await readFile(join(out, 'report.html'), 'utf8')).toContain('after 10 steps');
});

test('a report that cannot be written is told of and does not end the run', async () => {
  const out = runAt('no-report');
  const warnings: string[] = [];
  await train({ ...base, out, onWarning: (message) => warnings.push(message), onEpoch: () => block(out) });
  expect(warnings).toEqual([expect.stringMatching(/^report: .*report\.html is not a file/)]);
});

/** Puts a folder where the next report is to be. */
function block(out: string): void {
  rmSync(join(out, 'report.html'), { recursive: true, force: true });
  mkdirSync(join(out, 'report.html'));
}

test('a resumed run forgets the pictures of steps that it takes again', async () => {
  const out = runAt('pictures-again');
  await train({ ...base, out });
  await copyFile(join(out, 'previous.safetensors'), join(out, 'last.safetensors'));
  const { folder, checkpoint } = await reopenRunFolder(out);
  await folder.cutBack(Number(checkpoint.progress?.step));
  await folder.close();
  expect((await readdir(join(out, 'pictures'))).filter((name) => name.startsWith('samples'))).toEqual([
    'samples-0000005.png',
  ]);
});
