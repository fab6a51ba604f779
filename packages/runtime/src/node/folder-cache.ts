import { readdir, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ModelCache } from '../folder/model-cache.js';
import { folderStore } from './folder-store.js';
import { writeFileAtomic } from './write-file.js';

/** A cache in a folder, with one file per key. Default: the user's cache folder. */
export function openCache(location: string = userCacheFolder()): ModelCache {
  const store = folderStore(location);
  return {
    location,
    open: (key) => store.open(key),
    write: (key, bytes) => writeFileAtomic(join(location, key), bytes),
    remove: (key) => rm(join(location, key), { force: true }),
    async clear() {
      for (const name of await namesIn(location)) {
        // The second part of the pattern matches incomplete files of a program that was killed.
        if (/^[0-9a-f]{64}(\..*\.tmp)?$/.test(name)) await rm(join(location, name), { force: true });
      }
    },
  };
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** The folder in which this system keeps downloaded files of a user's programs. */
export function userCacheFolder(
  system: NodeJS.Platform = process.platform,
  { XDG_CACHE_HOME, LOCALAPPDATA }: NodeJS.ProcessEnv = process.env,
): string {
  if (XDG_CACHE_HOME) return join(XDG_CACHE_HOME, 'glow-onnx');
  if (system === 'win32')
    return join(LOCALAPPDATA || join(homedir(), 'AppData', 'Local'), 'glow-onnx', 'Cache');
  if (system === 'darwin') return join(homedir(), 'Library', 'Caches', 'glow-onnx');
  return join(homedir(), '.cache', 'glow-onnx');
}
