import { createReadStream } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelStore } from '../folder/model-store.js';
import { hubAdvice } from '../folder/stores/hub-name.js';
import { explainSystemError } from './explain-system-error.js';

/**
 * Reads a model folder on disk. `directory` may be a symbolic link. Links inside the folder are refused, because they
 * may lead anywhere.
 */
export function folderStore(directory: string): ModelStore {
  return {
    name: directory,
    locate: (path) => join(directory, path),
    advice: async () => {
      const advice = (await lstatIfThere(directory)) ? undefined : hubAdvice(directory);
      return advice && `this folder does not exist; ${advice}`;
    },
    async open(path) {
      const parts = path.split('/');
      let at = directory;
      let size = 0;
      for (const [i, part] of parts.entries()) {
        at = join(at, part);
        const stats = await lstatIfThere(at);
        if (!stats) return undefined;
        if (stats.isSymbolicLink()) {
          throw new Error(`${at} is a symbolic link; copy the model folder with cp -rL, which follows links`);
        }
        if (i === parts.length - 1 && !stats.isFile()) throw new Error(`${at} is not a file`);
        size = stats.size;
      }
      return { size, pieces: () => pieces(at) };
    },
  };
}

async function* pieces(path: string): AsyncIterable<Uint8Array> {
  try {
    yield* createReadStream(path, { highWaterMark: 2 ** 20 });
  } catch (cause) {
    throw explainSystemError('read', path, cause);
  }
}

async function lstatIfThere(path: string) {
  try {
    return await lstat(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw explainSystemError('read', path, cause);
  }
}
