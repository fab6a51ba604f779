import type { ModelStore, StoredFile } from '../model-store.js';
import { type BlobLike, blobFile } from './blob-file.js';

/** The contents of one file. */
export type FileContents = Uint8Array | ArrayBuffer | BlobLike;

/** The files of a model folder by their path inside it, such as `onnx/encode.onnx`. */
export type ModelFiles = ReadonlyMap<string, FileContents> | Readonly<Record<string, FileContents>>;

/**
 * Reads a model folder from files in memory.
 * @throws TypeError, when a file is opened, if its contents are not bytes or a Blob.
 */
export function memoryStore(files: ModelFiles): ModelStore {
  const find = isMap(files)
    ? (path: string) => files.get(path)
    : (path: string) => (Object.hasOwn(files, path) ? files[path] : undefined);
  const name = 'the given files';
  return {
    name,
    locate: (path) => `${name}: ${path}`,
    async open(path) {
      const contents = find(path);
      if (contents === undefined) return undefined;
      const file = fileOf(contents);
      if (!file)
        throw new TypeError(
          `${name}: ${path}: expected a Uint8Array, an ArrayBuffer or a Blob, got ${typeof contents}`,
        );
      return file;
    },
  };
}

// Contents are recognised by their members, not by instanceof: they may come from another window.
function fileOf(contents: FileContents): StoredFile | undefined {
  if (ArrayBuffer.isView(contents)) return { size: contents.byteLength, pieces: () => [contents] };
  if (Object.prototype.toString.call(contents) === '[object ArrayBuffer]') {
    return fileOf(new Uint8Array(contents as ArrayBuffer));
  }
  return typeof contents === 'object' && 'size' in contents ? blobFile(contents) : undefined;
}

function isMap(files: ModelFiles): files is ReadonlyMap<string, FileContents> {
  return typeof files.get === 'function';
}
