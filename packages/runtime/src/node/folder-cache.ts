import { lstatSync, mkdtempSync } from 'node:fs';
import { lstat, readdir, rm, rmdir } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256Pattern } from '@glow-onnx/flow/manifest';
import { type CacheSpace, checkCacheName, type ModelCache } from '../folder/model-cache.js';
import { explained } from './explain-system-error.js';
import { folderStore } from './folder-store.js';
import { finalName } from './temporary.js';
import { writeFileAtomic } from './write-file.js';

/** A temporary file that nobody has written to for so long was left by a program that was killed. */
const staleMs = 3_600_000;

/**
 * A cache in a folder, with one file for each name; its notes are in the folder `notes` in it. Default: the user's cache
 * folder. The first write to a folder removes old temporary files from it.
 */
export function openCache(location: string = userCacheFolder()): ModelCache {
  const notes = join(location, 'notes');
  return {
    location,
    contents: spaceIn(location),
    notes: spaceIn(notes),
    async clear() {
      for (const folder of [notes, location]) {
        for (const name of await namesIn(folder)) {
          if (sha256Pattern.test(finalName(name) ?? name)) await rm(join(folder, name), { force: true });
        }
      }
      await rmdir(notes).catch(() => undefined); // it holds a stranger's file, or was never there
    },
  };
}

function spaceIn(folder: string): CacheSpace {
  const store = folderStore(folder);
  let swept: Promise<void> | undefined;
  return {
    open: async (name) => store.open(checkCacheName(name)),
    async write(name, bytes) {
      const path = join(folder, checkCacheName(name));
      swept ??= sweep(folder).catch(() => undefined); // the write itself says what is wrong with the folder
      await swept;
      await explained('written', folder, () => writeFileAtomic(path, bytes));
    },
    remove: async (name) => rm(join(folder, checkCacheName(name)), { force: true }),
  };
}

/** Removes old temporary files, also those that killed programs left on another machine or in another container. */
async function sweep(folder: string): Promise<void> {
  for (const name of await namesIn(folder)) {
    if (!sha256Pattern.test(finalName(name) ?? '')) continue;
    const path = join(folder, name);
    const { mtimeMs } = await lstat(path);
    if (Date.now() - mtimeMs > staleMs) await rm(path, { force: true });
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/**
 * The folder in which this system keeps downloaded files of a user's programs. A user without a home folder, as in
 * some containers, gets a temporary folder: its own, because notes on passed self-tests are not checked again.
 */
export function userCacheFolder(
  system: NodeJS.Platform = process.platform,
  { XDG_CACHE_HOME, LOCALAPPDATA }: NodeJS.ProcessEnv = process.env,
): string {
  if (XDG_CACHE_HOME) return join(XDG_CACHE_HOME, 'glow-onnx');
  if (system === 'win32' && LOCALAPPDATA) return join(LOCALAPPDATA, 'glow-onnx', 'Cache');
  const home = homeFolder();
  if (!home) return ownFolder(join(tmpdir(), `glow-onnx-${process.getuid?.() ?? 'cache'}`));
  if (system === 'win32') return join(home, 'AppData', 'Local', 'glow-onnx', 'Cache');
  if (system === 'darwin') return join(home, 'Library', 'Caches', 'glow-onnx');
  return join(home, '.cache', 'glow-onnx');
}

/** This folder, unless another user made it or all may write to it; then a new folder, for this process alone. */
function ownFolder(folder: string): string {
  const standing = lstatSync(folder, { throwIfNoEntry: false });
  const user = process.getuid?.();
  if (!standing || user === undefined) return folder;
  const isOwn = standing.isDirectory() && standing.uid === user && (standing.mode & 0o002) === 0;
  return isOwn ? folder : mkdtempSync(`${folder}-`);
}

function homeFolder(): string | undefined {
  try {
    return homedir();
  } catch {
    return undefined; // HOME is not set, and the system has no entry for this user
  }
}
