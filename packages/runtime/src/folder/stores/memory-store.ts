import type { ModelStore, StoredFile } from '../model-store.js';
import { type BlobLike, blobFile } from './blob-file.js';

export type FileContents = Uint8Array | ArrayBuffer | BlobLike;

/** A model folder's files by their path inside it, such as `onnx/encode.onnx`. */
export type ModelFiles = ReadonlyMap<string, FileContents> | Readonly<Record<string, FileContents>>;

export function memoryStore(files: ModelFiles): ModelStore {
  const find = isMap(files)
    ? (path: string) => files.get(path)
    : (path: string) => (Object.hasOwn(files, path) ? files[path] : undefined);
  const name = 'the files given';
  return {
    name,
    locate: (path) => `${name}: ${path}`,
    async open(path) {
      const contents = find(path);
      if (contents === undefined) return undefined;
      const file = fileOf(contents);
      if (!file) throw new TypeError(`${name}: ${path} must be a Uint8Array, an ArrayBuffer or a Blob`);
      return file;
    },
  };
}

// By what they have, not by instanceof: contents may come from another window.
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
