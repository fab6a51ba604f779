import { randomUUID } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import os, { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheLocation, clearCache } from '@glow-onnx/runtime/cache';
import { forgetful, keyValueCache } from '../../../packages/runtime/src/folder/key-value-cache.js';
import { readBounded } from '../../../packages/runtime/src/folder/model-store.js';
import { openCache, userCacheFolder } from '../../../packages/runtime/src/node/folder-cache.js';
import { sha256 } from '../../../packages/runtime/src/node/sha256.js';

let work: string;
let cache: string;
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'glow-cache-'));
});
afterAll(() => rm(work, { recursive: true }));
let places = 0;
beforeEach(() => {
  cache = join(work, `cache-${places++}`);
});
afterEach(() => jest.restoreAllMocks());

describe('the folder of a cache', () => {
  const key = 'ab'.repeat(32);
  const bytes = Uint8Array.of(1, 2, 3);
  /** A temporary name that a process of another machine made. */
  const temporaryOf = (name: string) => `${name}.0a1b2c3d-4711-0a1b2c3d.${randomUUID().slice(0, 8)}.tmp`;
  const temporary = temporaryOf(key);
  const contents = async (place: string) => {
    const file = await openCache(place).contents.open(key);
    return file && readBounded(file, { where: key, limit: 9 });
  };

  test('gives what was written last, until it is removed', async () => {
    const here = openCache(cache).contents;
    expect(await contents(cache)).toBeUndefined();
    await here.write(key, Uint8Array.of(9));
    await here.write(key, bytes);
    expect(await contents(cache)).toEqual(bytes);
    await here.remove(key);
    await here.remove(key);
    expect(await contents(cache)).toBeUndefined();
  });

  test.each(['../outside', 'a', '', 'AB'.repeat(32), `${'ab'.repeat(32)}/x`, `${'ab'.repeat(32)}\n`])(
    'has no file of the name %j',
    async (name) => {
      const refusal = 'a file is named by a sha256 of 64 hex digits';
      for (const { open, write, remove } of [openCache(cache).contents, openCache(cache).notes]) {
        await expect(open(name)).rejects.toThrow(refusal);
        await expect(write(name, bytes)).rejects.toThrow(refusal);
        await expect(remove(name)).rejects.toThrow(refusal);
      }
    },
  );

  test('clearCache removes what was cached and left half written, and no other file', async () => {
    await openCache(cache).contents.write(key, bytes);
    await openCache(cache).notes.write(key, bytes);
    await writeFile(join(cache, temporary), 'half');
    await writeFile(join(cache, 'letter.txt'), 'mine');
    await writeFile(join(cache, 'notes', 'letter.txt'), 'mine');
    await mkdir(join(cache, 'cd'));
    await clearCache(cache);
    expect((await readdir(cache)).sort()).toEqual(['cd', 'letter.txt', 'notes']);
    await rm(join(cache, 'notes', 'letter.txt'));
    await clearCache(cache);
    expect((await readdir(cache)).sort()).toEqual(['cd', 'letter.txt']);
    await clearCache(join(work, 'never there'));
  });

  test('loses old temporary files of its own at the first write, and no other file', async () => {
    const foreign = ['letter.tmp', temporaryOf('letter'), `${key}.tmp`, key];
    const fresh = temporaryOf(key);
    for (const space of [cache, join(cache, 'notes')]) {
      await mkdir(space);
      for (const name of [temporary, fresh, ...foreign]) await writeFile(join(space, name), 'half');
      const old = new Date(Date.now() - 2 * 3_600_000);
      for (const name of [temporary, ...foreign]) await utimes(join(space, name), old, old);
    }
    const other = 'cd'.repeat(32);
    await openCache(cache).contents.write(other, bytes);
    await openCache(cache).notes.write(other, bytes);
    const left = [fresh, other, ...foreign].sort();
    expect((await readdir(join(cache, 'notes'))).sort()).toEqual(left);
    expect((await readdir(cache)).sort()).toEqual([...left, 'notes'].sort());
  });

  test.each<[NodeJS.Platform, NodeJS.ProcessEnv, string]>([
    ['linux', {}, join(homedir(), '.cache/glow-onnx')],
    ['linux', { XDG_CACHE_HOME: '/var/cache/me' }, join('/var/cache/me/glow-onnx')],
    ['darwin', {}, join(homedir(), 'Library/Caches/glow-onnx')],
    [
      'win32',
      { LOCALAPPDATA: 'C:\\Users\\me\\AppData\\Local' },
      join('C:\\Users\\me\\AppData\\Local', 'glow-onnx/Cache'),
    ],
    ['win32', {}, join(homedir(), 'AppData/Local/glow-onnx/Cache')],
  ])('on %s with %j is %s', (system, environment, folder) => {
    expect(userCacheFolder(system, environment)).toBe(folder);
  });

  test.each<[string, () => string]>([
    [
      'has no entry in the list of users',
      () => {
        throw new Error('uv_os_homedir returned ENOENT');
      },
    ],
    ['has an empty HOME', () => ''],
  ])('is a temporary folder of a user who %s', (_, home) => {
    jest.spyOn(os, 'homedir').mockImplementation(home);
    for (const system of ['linux', 'darwin', 'win32'] as const) {
      const folder = userCacheFolder(system, {});
      expect(folder).toBe(join(tmpdir(), `glow-onnx-${process.getuid?.() ?? 'cache'}`));
    }
    expect(userCacheFolder('linux', { XDG_CACHE_HOME: '/var/cache/me' })).toBe(
      join('/var/cache/me/glow-onnx'),
    );
    expect(userCacheFolder('win32', { LOCALAPPDATA: '/local' })).toBe(join('/local/glow-onnx/Cache'));
  });

  test('is not a temporary folder that all may write to, nor a link', async () => {
    jest.spyOn(os, 'homedir').mockReturnValue('');
    const temporary = await mkdtemp(join(tmpdir(), 'glow-cache-'));
    jest.spyOn(os, 'tmpdir').mockReturnValue(temporary);
    const planted = join(temporary, `glow-onnx-${process.getuid?.() ?? 'cache'}`);
    await mkdir(planted);
    expect(userCacheFolder('linux', {})).toBe(planted);
    await chmod(planted, 0o777);
    expect(userCacheFolder('linux', {})).toMatch(new RegExp(`^${planted}-.`));
    await rename(planted, join(temporary, 'elsewhere'));
    await symlink(join(temporary, 'elsewhere'), planted);
    expect(userCacheFolder('linux', {})).toMatch(new RegExp(`^${planted}-.`));
    await rm(temporary, { recursive: true });
  });

  test('cacheLocation tells it', () => {
    expect(cacheLocation()).toBe(join(process.env.XDG_CACHE_HOME as string, 'glow-onnx'));
  });
});

test('notes are kept under any key, and one that is too long, damaged or lost is none', async () => {
  const notes = keyValueCache(openCache(cache), sha256);
  const key = 'self-test: NVIDIA "H200" / fp32 \u0000';
  const note = { passed: true };
  expect(await notes.read(key)).toBeUndefined();
  await notes.write(key, note);
  expect(await notes.read(key)).toEqual(note);
  const [name] = await readdir(join(cache, 'notes'));
  await writeFile(join(cache, 'notes', name as string), '{"passed": tr');
  expect(await notes.read(key)).toBeUndefined();
  await notes.write(key, { text: 'x'.repeat(2 ** 16) });
  expect(await notes.read(key)).toBeUndefined();
  await forgetful.write(key, note);
  expect(await forgetful.read(key)).toBeUndefined();
});
