import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelStore } from '../model-folder.js';

/** A model folder on disk. */
export function folderStore(directory: string): ModelStore {
  return {
    name: directory,
    async read(path) {
      try {
        return await readFile(join(directory, path));
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
        throw error;
      }
    },
  };
}
