import type { ModelStore } from '../model-store.js';
import { type BlobLike, blobFile } from './blob-file.js';

/** The members of a `FileSystemDirectoryHandle` that are used here. `showDirectoryPicker()` gives one. */
export interface DirectoryHandle {
  readonly name: string;
  getDirectoryHandle(name: string): Promise<DirectoryHandle>;
  getFileHandle(name: string): Promise<{ getFile(): Promise<BlobLike> }>;
}

/**
 * Reads a model folder through a directory handle.
 * The file of a path is undefined if it does not exist.
 * @throws Error, when a file is opened, if it cannot be read.
 */
export function directoryStore(directory: DirectoryHandle): ModelStore {
  const locate = (path: string) => `${directory.name}/${path}`;
  return {
    name: directory.name,
    locate,
    async open(path) {
      const folders = path.split('/');
      const file = folders.pop() as string;
      try {
        let folder = directory;
        for (const name of folders) folder = await folder.getDirectoryHandle(name);
        return blobFile(await (await folder.getFileHandle(file)).getFile());
      } catch (cause) {
        const { name, message } = cause as Error;
        if (name === 'NotFoundError') return undefined;
        throw new Error(`${locate(path)} cannot be read: ${message}`, { cause });
      }
    },
  };
}
