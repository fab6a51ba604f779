import { spawn, spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { lockRun } from '../../../packages/trainer/src/folder/run-lock.js';
import { temporaryRuns } from '../../support/training.js';

const runAt = temporaryRuns();

async function folderWith(name: string, lock?: string): Promise<string> {
  await mkdir(runAt(name));
  if (lock !== undefined) await writeFile(join(runAt(name), 'run.lock'), lock);
  return runAt(name);
}

test('a folder is locked once, until it is unlocked', async () => {
  const folder = await folderWith('twice');
  const unlock = await lockRun(folder);
  await expect(lockRun(folder)).rejects.toThrow(
    new RegExp(
      `twice is in use: process ${process.pid} trains in it; wait until it ends, or .*remove .*run\\.lock`,
    ),
  );
  await unlock();
  await (await lockRun(folder))();
  expect(await readdir(folder)).toEqual([]);
});

test('the lock of a process that was killed does not count', async () => {
  const { pid } = spawnSync(process.execPath, ['-e', '']); // gone by now
  const folder = await folderWith('killed', JSON.stringify({ pid, host: hostname(), started: '1' }));
  await lockRun(folder);
  expect(JSON.parse(await readFile(join(folder, 'run.lock'), 'utf8'))).toMatchObject({ pid: process.pid });
});

const whereProc = process.platform === 'linux' ? test : test.skip;

whereProc('nor does one whose number another process has now', async () => {
  const other = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)']);
  try {
    const folder = await folderWith(
      'reused',
      JSON.stringify({ pid: other.pid, host: hostname(), started: '1' }),
    );
    await lockRun(folder);
  } finally {
    other.kill('SIGKILL');
  }
});

test('one of another machine counts: nobody here can tell', async () => {
  const folder = await folderWith('far', JSON.stringify({ pid: 1, host: 'elsewhere', started: '1' }));
  await expect(lockRun(folder)).rejects.toThrow('process 1 on elsewhere trains in it');
});

test('an empty lock is one just being made, or left by a crash if it is old', async () => {
  const folder = await folderWith('empty', '');
  await expect(lockRun(folder)).rejects.toThrow('another process has just begun to train in it');
  await utimes(join(folder, 'run.lock'), 0, 0);
  await lockRun(folder);
});
