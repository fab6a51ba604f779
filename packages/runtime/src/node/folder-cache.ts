import { lstatSync, mkdtempSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ModelCache } from '../folder/model-cache.js';
import { explained } from './explain-system-error.js';
import { folderStore } from './folder-store.js';
import { writeFileAtomic } from './write-file.js';

/** A cache in a folder, with one file per key. Default: the user's cache folder. */
export function openCache(location: string = userCacheFolder()): ModelCache {
  const store = folderStore(location);
  return {
    location,
    open: (key) => store.open(key),
    write: (key, bytes) => explained('written', location, () => writeFileAtomic(join(location, key), bytes)),
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
