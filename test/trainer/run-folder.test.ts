import { mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Checkpoint, createGlow, initialParams } from '@glow-onnx/flow';
import { createRunFolder, reopenRunFolder, replaceFile } from '../../packages/trainer/src/run-folder.js';
import { readCheckpoint, readMetrics, temporaryRuns, tinyConfig } from './training.js';

const runAt = temporaryRuns();

function checkpointAt(step: number): Checkpoint {
  return {
    config: tinyConfig,
    params: initialParams(createGlow(tinyConfig), step),
    initialised: true,
    progress: { step },
  };
}

test('last becomes previous, and a new last takes its place', async () => {
  const folder = await createRunFolder(runAt('rotate'), false);
  for (const step of [1, 2, 3]) await folder.saveLast(checkpointAt(step));
  expect((await readCheckpoint(folder.path, 'last')).progress).toEqual({ step: 3 });
  expect((await readCheckpoint(folder.path, 'previous')).progress).toEqual({ step: 2 });
  expect((await readdir(folder.path)).sort()).toEqual([
    'last.safetensors',
    'metrics.jsonl',
    'previous.safetensors',
  ]);
});

test('a write that fails leaves the file of before and nothing beside it', async () => {
  const path = runAt('failing');
  const folder = await createRunFolder(path, false);
  await folder.saveLast(checkpointAt(1));
  const before = await readFile(join(path, 'last.safetensors'));
  await mkdir(join(path, 'last.safetensors.tmp')); // where the new file would be written
  await expect(folder.saveLast(checkpointAt(2))).rejects.toThrow('EISDIR');
  expect((await readFile(join(path, 'last.safetensors'))).equals(before)).toBe(true);
});

test('a file whose rename fails is removed again', async () => {
  const path = runAt('rename');
  await mkdir(join(path, 'target', 'occupied'), { recursive: true });
  await expect(replaceFile(join(path, 'target'), Buffer.from('new'))).rejects.toThrow();
  expect(await readdir(path)).toEqual(['target']);
});

test('a run whose last checkpoint was cut short goes on from the one before', async () => {
  const folder = await createRunFolder(runAt('cut'), false);
  for (const step of [1, 2]) await folder.saveLast(checkpointAt(step));
  await truncate(join(folder.path, 'last.safetensors'), 1000);
  expect((await reopenRunFolder(folder.path)).checkpoint.progress).toEqual({ step: 1 });
});

test('a crash between the two renames loses nothing', async () => {
  const path = runAt('between');
  const folder = await createRunFolder(path, false);
  await folder.saveLast(checkpointAt(7));
  await replaceFile(join(path, 'previous.safetensors'), await readFile(join(path, 'last.safetensors')));
  await rm(join(path, 'last.safetensors'));
  expect((await reopenRunFolder(path)).checkpoint.progress).toEqual({ step: 7 });
});

test('metrics are cut back to the checkpoint, and a half-written line goes', async () => {
  const folder = await createRunFolder(runAt('metrics'), false);
  for (const step of [1, 2, 3]) await folder.log({ step });
  await folder.saveLast(checkpointAt(2));
  await writeFile(join(folder.path, 'metrics.jsonl'), '{"step":1}\n{"step":2}\n{"step":3}\n{"ste');
  await reopenRunFolder(folder.path);
  expect(await readMetrics(folder.path)).toEqual([{ step: 1 }, { step: 2 }]);
});

test('a folder without a checkpoint cannot be resumed', async () => {
  await mkdir(runAt('empty'));
  await expect(reopenRunFolder(runAt('empty'))).rejects.toThrow('holds no checkpoint to resume');
});

test('a run whose checkpoints are all broken says why, and is not written over', async () => {
  const folder = await createRunFolder(runAt('broken'), false);
  await writeFile(join(folder.path, 'last.safetensors'), 'nonsense');
  await expect(reopenRunFolder(folder.path)).rejects.toThrow(/its checkpoint cannot be read: /);
  await expect(createRunFolder(folder.path, false)).rejects.toThrow('--force');
  await createRunFolder(folder.path, true);
  expect(await readdir(folder.path)).toEqual(['metrics.jsonl']);
});
