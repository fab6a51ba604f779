import { fork, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { startByPs, thisProcess } from '../../../packages/runtime/src/node/process-owner.js';
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

test('one of another container of this machine counts: its processes are not visible here', async () => {
  const lock = { pid: 1, host: hostname(), space: 'pid:[1]', started: '1' };
  const folder = await folderWith('contained', JSON.stringify(lock));
  await expect(lockRun(folder)).rejects.toThrow(
    /process 1 in another container trains in it;.* remove .*run\.lock/,
  );
});

test.each([
  ['empty', ''],
  ['null', 'null'],
  ['a list', '[]'],
  ['cut short', '{"pid": 1, "ho'],
  ['of no process', JSON.stringify({ pid: 0, host: hostname(), started: '1' })],
  ['of a group of processes', JSON.stringify({ pid: -1, host: hostname(), started: '' })],
  ['without a host', '{"pid":1}'],
  ['larger than any lock', `"${'x'.repeat(20_000)}"`],
])('a lock that is %s does not count, whatever its date', async (name, text) => {
  const folder = await folderWith(name, text);
  const tomorrow = Date.now() / 1000 + 86_400;
  await utimes(join(folder, 'run.lock'), tomorrow, tomorrow);
  await (await lockRun(folder))();
  expect(await readdir(folder)).toEqual([]);
});

test('a folder in the place of the lock is an error that names it', async () => {
  const folder = await folderWith('folder');
  await mkdir(join(folder, 'run.lock'));
  await expect(lockRun(folder)).rejects.toThrow(/run\.lock is not a file; remove it$/);
  expect(await readdir(folder)).toEqual(['run.lock']);
});

test('to unlock removes no lock of another process', async () => {
  const folder = await folderWith('changed');
  const unlock = await lockRun(folder);
  const other = JSON.stringify({ pid: 1, host: 'elsewhere', started: '1', id: 'other' });
  await writeFile(join(folder, 'run.lock'), other);
  await unlock();
  expect(await readFile(join(folder, 'run.lock'), 'utf8')).toBe(other);
});

test('what a process killed while locking has left does not count, and is removed', async () => {
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  const folder = await folderWith('announced');
  const announced = join(folder, `run.lock.${randomUUID()}`);
  await writeFile(announced, JSON.stringify({ pid, host: hostname(), started: '1' }));
  await (await lockRun(folder))();
  expect(await readdir(folder)).toEqual([]);
});

test('a process that is about to lock is waited for', async () => {
  const folder = await folderWith('waited');
  const lock = JSON.stringify({ ...thisProcess(), id: 'rival' });
  const rival = join(folder, 'run.lock.00000000-0000-0000-0000-000000000000');
  await writeFile(rival, lock);
  let held = false;
  const locked = lockRun(folder).then((unlock) => {
    held = true;
    return unlock;
  });
  await setTimeout(300);
  expect(held).toBe(false);
  await rm(rival);
  await (await locked)();
  expect(await readdir(folder)).toEqual([]);
});

test('and one that gets the lock meanwhile is told of', async () => {
  const folder = await folderWith('overtaken');
  const rival = join(folder, 'run.lock.00000000-0000-0000-0000-000000000000');
  await writeFile(rival, JSON.stringify({ ...thisProcess(), id: 'rival' }));
  const refused = expect(lockRun(folder)).rejects.toThrow(`process ${process.pid} trains in it`);
  await setTimeout(100);
  await rename(rival, join(folder, 'run.lock'));
  await refused;
  expect(await readdir(folder)).toEqual(['run.lock']);
});

test('after a crash, one of twelve processes that start at once gets the lock', async () => {
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  const stale = JSON.stringify({ pid, host: hostname(), started: '1' });
  const starters = Array.from({ length: 12 }, () => fork(join(__dirname, 'lock-starter.mjs')));
  try {
    const answers = () => Promise.all(starters.map(async (starter) => (await once(starter, 'message'))[0]));
    const told = async (message: object) => {
      const answered = answers();
      for (const starter of starters) starter.send(message);
      return answered;
    };
    await answers(); // all have started
    for (const round of [1, 2, 3]) {
      const folder = await folderWith(`round ${round}`, stale);
      const outcomes = await told({ lock: folder });
      const refused = outcomes.filter((outcome) => outcome !== 'held');
      expect(refused).toEqual(Array(11).fill(expect.stringMatching(/is in use: process \d+ trains in it/)));
      await told({ unlock: true });
      expect(await readdir(folder)).toEqual([]);
    }
  } finally {
    for (const starter of starters) starter.kill('SIGKILL');
  }
});

const wherePs = process.platform === 'win32' ? test.skip : test;

wherePs('ps tells when a process began, in every time zone alike', () => {
  const { TZ } = process.env;
  try {
    const starts = ['UTC', 'Asia/Tokyo'].map((zone) => {
      process.env.TZ = zone;
      return startByPs(process.pid);
    });
    expect(starts[0]).toMatch(/\d\d:\d\d:\d\d \d{4}$/);
    expect(starts[1]).toBe(starts[0]);
  } finally {
    if (TZ === undefined) delete process.env.TZ;
    else process.env.TZ = TZ;
  }
});
