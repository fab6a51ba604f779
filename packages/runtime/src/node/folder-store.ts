import { createReadStream } from 'node:fs';
import { lstat, realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ModelStore } from '../folder/model-store.js';
import { hubAdvice } from '../folder/stores/hub-name.js';
import { explained, explainSystemError } from './explain-system-error.js';
import { type DiskFile, mapWeights } from './map-weights.js';
import { sha256OfFile } from './sha256-of-file.js';

/**
 * Reads a model folder on disk. `directory` may be a symbolic link. Links inside the folder are refused, because they
 * may lead anywhere.
 */
export function folderStore(directory: string): ModelStore {
  const root = resolve(directory);
  const store: ModelStore = {
    name: directory,
    locate: (path) => join(directory, path),
    advice: async () => {
      if (await lstatIfThere(directory)) return undefined;
      const advice = hubAdvice(directory) ?? 'pass a model folder written by glow-onnx export';
      return `this folder does not exist; ${advice}`;
    },
    async open(path) {
      const parts = path.split('/');
      const where = (count: number) => join(directory, ...parts.slice(0, count + 1));
      let at = root;
      let size = 0;
      for (const [i, part] of parts.entries()) {
        at = join(at, part);
        const stats = await lstatIfThere(at, where(i));
        if (!stats) return undefined;
        if (stats.isSymbolicLink()) {
          throw new Error(
            `${where(i)} is a symbolic link; copy the model folder with cp -rL, which follows links`,
          );
        }
        if (i === parts.length - 1 && !stats.isFile()) throw new Error(`${where(i)} is not a file`);
        size = stats.size;
      }
      return { size, pieces: () => pieces(at) };
    },
    async map(entry, listeners) {
      const disk = await diskFile(join(root, entry.path), store.locate(entry.path));
      return mapWeights(store, disk, entry, listeners);
    },
  };
  return store;
}

/** Links to the folder are resolved, so that one that leads elsewhere later changes nothing. */
async function diskFile(at: string, where: string): Promise<DiskFile> {
  const path = await explained('read', where, () => realpath(at));
  return {
    path,
    async version() {
      const stats = await ifThere(where, () => lstat(path, { bigint: true }));
      if (!stats) return 'gone';
      const { dev, ino, size, mtimeNs, ctimeNs } = stats;
      return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
    },
    sha256: (options) => sha256OfFile(path, { where, ...options }),
  };
}

async function* pieces(path: string): AsyncIterable<Uint8Array> {
  try {
    yield* createReadStream(path, { highWaterMark: 2 ** 20 });
  } catch (cause) {
    throw explainSystemError('read', path, cause);
  }
}

function lstatIfThere(path: string, where = path) {
  return ifThere(where, () => lstat(path));
}

/** What is known of a file; undefined if there is none. */
async function ifThere<T>(where: string, stat: () => Promise<T>): Promise<T | undefined> {
  try {
    return await stat();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw explainSystemError('read', where, cause);
  }
}
