import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Checkpoint, createGlow, encodeCheckpoint, initialParams } from '@glow-onnx/flow';
import { encodeSafetensors, parseSafetensors } from '@glow-onnx/flow/internal';
import { readMetrics as metricsOf } from '../../../packages/trainer/src/folder/metrics.js';
import { readRun } from '../../../packages/trainer/src/folder/read-run.js';
import { replaceFile } from '../../../packages/trainer/src/folder/replace-file.js';
import { createRunFolder, reopenRunFolder } from '../../../packages/trainer/src/folder/run-folder.js';
import { rampsConfig, readCheckpoint, readMetrics, temporaryRuns } from '../../support/training.js';

const runAt = temporaryRuns();

function checkpointAt(step: number): Checkpoint {
  return {
    config: rampsConfig,
    params: initialParams(createGlow(rampsConfig), step),
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
    'run.lock',
  ]);
  await folder.close();
  expect(await readdir(folder.path)).not.toContain('run.lock');
});

test('a write that fails leaves the file of before and nothing beside it', async () => {
  const path = runAt('failing');
  const folder = await createRunFolder(path, false);
  await folder.saveLast(checkpointAt(1));
  const before = await readFile(join(path, 'last.safetensors'));
  await mkdir(join(path, 'last.safetensors.new')); // where the new file would be written
  await expect(folder.saveLast(checkpointAt(2))).rejects.toThrow('is not a file');
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
  await folder.close();
  await truncate(join(folder.path, 'last.safetensors'), 1000);
  const { checkpoint, warning } = await reopenRunFolder(folder.path);
  expect(checkpoint.progress).toEqual({ step: 1 });
  expect(warning).toMatch(/last\.safetensors cannot be used: .*; continuing from previous\.safetensors$/);
});

test('a crash between the two renames loses nothing', async () => {
  const path = runAt('between');
  const folder = await createRunFolder(path, false);
  await folder.saveLast(checkpointAt(7));
  await replaceFile(join(path, 'previous.safetensors'), await readFile(join(path, 'last.safetensors')));
  await rm(join(path, 'last.safetensors'));
  await folder.close();
  expect((await reopenRunFolder(path)).checkpoint.progress).toEqual({ step: 7 });
});

test('metrics are cut back to the checkpoint, and a half-written line goes', async () => {
  const folder = await createRunFolder(runAt('metrics'), false);
  for (const step of [1, 2, 3]) await folder.log({ step });
  await folder.saveLast(checkpointAt(2));
  await writeFile(join(folder.path, 'metrics.jsonl'), '{"step":1}\n{"step":2}\n{"step":3}\n{"ste');
  await folder.close();
  const reopened = await reopenRunFolder(folder.path);
  await reopened.folder.cutBack(2);
  expect(await readMetrics(folder.path)).toEqual([{ step: 1 }, { step: 2 }]);
});

test('of metrics only finite numbers are kept', async () => {
  await mkdir(runAt('strange'));
  const lines = [
    '{"step":1,"images":"</title><img src=x>","bitsPerDim":1e999,"rate":null,"bitsPerDimLevels":[1,"<b>"]}',
    '{"step":2,"images":64,"bitsPerDim":[3],"bitsPerDimLevels":[1,2]}',
  ];
  await writeFile(join(runAt('strange'), 'metrics.jsonl'), lines.join('\n'));
  expect(await metricsOf(runAt('strange'))).toEqual([
    { step: 1 },
    { step: 2, images: 64, bitsPerDimLevels: [1, 2] },
  ]);
});

test('a folder without a checkpoint cannot be resumed', async () => {
  await mkdir(runAt('empty'));
  await expect(reopenRunFolder(runAt('empty'))).rejects.toThrow('has no checkpoint to resume');
});

test('a run whose checkpoints are all broken says why, and is not written over', async () => {
  const folder = await createRunFolder(runAt('broken'), false);
  await writeFile(join(folder.path, 'last.safetensors'), 'nonsense');
  await folder.close();
  await expect(reopenRunFolder(folder.path)).rejects.toThrow(
    /broken\/last\.safetensors cannot be used: .*--init/,
  );
  await expect(createRunFolder(folder.path, false)).rejects.toThrow('--force');
  await (await createRunFolder(folder.path, true)).close();
  expect(await readdir(folder.path)).toEqual(['metrics.jsonl']);
});

test('a checkpoint whose tensors are of another config is refused by its name', async () => {
  const folder = await createRunFolder(runAt('other'), false);
  const { tensors, metadata } = parseSafetensors(encodeCheckpoint(checkpointAt(1)));
  const config = JSON.stringify({ ...rampsConfig, hiddenChannels: 12 });
  const swapped = encodeSafetensors(tensors, { ...metadata, config });
  await writeFile(join(folder.path, 'last.safetensors'), swapped);
  await expect(readRun(folder.path)).rejects.toThrow(
    /other\/last\.safetensors cannot be used: checkpoint: tensor ".*": expected shape \[12/,
  );
});

test('what a crash left of unfinished writes is removed when the run goes on', async () => {
  const folder = await createRunFolder(runAt('leftovers'), false);
  await folder.saveLast(checkpointAt(1));
  await folder.close();
  await writeFile(join(folder.path, 'last.safetensors.new.1234.tmp'), 'half');
  await writeFile(join(folder.path, 'best.safetensors.new'), 'whole, but not in its place');
  await writeFile(join(folder.path, 'notes.new'), 'of the user');
  await (await reopenRunFolder(folder.path)).folder.close();
  expect((await readdir(folder.path)).sort()).toEqual(['last.safetensors', 'metrics.jsonl', 'notes.new']);
});

/** /dev/full takes no byte, as a disk that is full. */
const whereFull = existsSync('/dev/full') ? test : test.skip;

whereFull('a full disk is an error that says so, and the checkpoint of before stays', async () => {
  const folder = await createRunFolder(runAt('full'), false);
  await folder.saveLast(checkpointAt(1));
  await rm(join(folder.path, 'metrics.jsonl'));
  await symlink('/dev/full', join(folder.path, 'metrics.jsonl'));
  await expect(folder.log({ step: 2 })).rejects.toThrow(
    /metrics\.jsonl cannot be written: the disk is full \(ENOSPC\); earlier checkpoints are complete/,
  );
  expect((await readRun(folder.path)).checkpoint.progress).toEqual({ step: 1 });
});

test('a folder that may not be written to is an error that says so', async () => {
  const path = join(runAt('read-only'), 'run');
  await mkdir(runAt('read-only'), { mode: 0o555 });
  const root = process.geteuid?.() === 0; // who may write everywhere
  if (root) process.seteuid?.(65_534);
  try {
    await expect(createRunFolder(path, false)).rejects.toThrow(
      `${path} cannot be written: permission denied (EACCES); pass another --out`,
    );
  } finally {
    if (root) process.seteuid?.(0);
  }
});

test('a new or resumed run removes its own images, and no others', async () => {
  const folder = await createRunFolder(runAt('pictures'), false);
  const names = ['samples-0000003.png', 'reconstructions-0000007.png', 'IMG_9999.png', 'samples-7.jpg'];
  for (const name of names) await folder.write(`pictures/${name}`, 'an image');
  await folder.saveLast(checkpointAt(5));
  await folder.close();
  const reopened = (await reopenRunFolder(folder.path)).folder;
  await reopened.cutBack(5);
  await reopened.close();
  const pictures = async () => (await readdir(join(folder.path, 'pictures'))).sort();
  expect(await pictures()).toEqual(['IMG_9999.png', 'samples-0000003.png', 'samples-7.jpg']);
  await (await createRunFolder(folder.path, true)).close();
  expect(await pictures()).toEqual(['IMG_9999.png', 'samples-7.jpg']);
});

whereFull('before the first checkpoint, a full disk is told without advice to resume', async () => {
  const folder = await createRunFolder(runAt('full at once'), false);
  await rm(join(folder.path, 'metrics.jsonl'));
  await symlink('/dev/full', join(folder.path, 'metrics.jsonl'));
  await expect(folder.log({ step: 0 })).rejects.toThrow(
    /the disk is full \(ENOSPC\); no checkpoint was saved; pass another --out$/,
  );
});

test('a folder that cannot be prepared is unlocked again, and names no temporary file', async () => {
  const path = runAt('unprepared');
  await mkdir(join(path, 'metrics.jsonl'), { recursive: true });
  await expect(createRunFolder(path, false)).rejects.toThrow(
    `${path} cannot be written: it is a folder (EISDIR); pass another --out`,
  );
  expect(await readdir(path)).toEqual(['metrics.jsonl']);
});

test('a run that appears while another one locks the folder is not erased', async () => {
  const first = await createRunFolder(runAt('appears'), false);
  const second = createRunFolder(runAt('appears'), false);
  await first.saveLast(checkpointAt(5));
  await first.close();
  await expect(second).rejects.toThrow(/is in use|already has a training run/);
  expect((await readRun(first.path)).checkpoint.progress).toEqual({ step: 5 });
});
