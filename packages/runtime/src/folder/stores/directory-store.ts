import type { ModelStore } from '../model-store.js';
import { type BlobLike, blobFile } from './blob-file.js';

/** What is used of a FileSystemDirectoryHandle, as `showDirectoryPicker()` gives it. */
export interface DirectoryHandle {
  readonly name: string;
  getDirectoryHandle(name: string): Promise<DirectoryHandle>;
  getFileHandle(name: string): Promise<{ getFile(): Promise<BlobLike> }>;
}

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
