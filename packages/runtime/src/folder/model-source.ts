import type { Platform } from '../platform.js';
import type { ModelStore } from './model-store.js';
import { type DirectoryHandle, directoryStore } from './stores/directory-store.js';
import { type ModelFiles, memoryStore } from './stores/memory-store.js';
import type { NetworkOptions } from './stores/url-store.js';

/**
 * The place of a model folder:
 *
 * - in Node a path, or a `file:` URL;
 * - an http(s) address, in a page also a relative one;
 * - a repository of the Hugging Face Hub, or a folder in it: `hf:owner/name`, `hf:owner/name@revision/folder`;
 * - in a browser a directory handle from `showDirectoryPicker()`;
 * - a map or an object of its files, by their path inside the folder.
 * @example
 * await loadGlow('models/faces');
 * await loadGlow('https://example.org/models/faces/');
 * await loadGlow('hf:owner/name@v1');
 * await loadGlow({ 'manifest.json': bytes, 'onnx/encode.onnx': blob, … });
 */
export type ModelSource = string | URL | DirectoryHandle | ModelFiles;

/** Opens a model folder. @throws TypeError if `source` is not a `ModelSource`. */
export async function storeOf(
  platform: Platform,
  source: ModelSource,
  network: NetworkOptions = {},
): Promise<ModelStore> {
  if (typeof source === 'string') {
    if (source === '') throw new TypeError('loadGlow: the path or address of the model folder is empty');
    return platform.openStore(source, network);
  }
  if (typeof source !== 'object' || source === null) {
    throw new TypeError(
      `loadGlow: expected the path or address of a model folder, a directory handle or a map of files, got ${source}`,
    );
  }
  if (isUrl(source)) return platform.openStore(source, network);
  return isDirectoryHandle(source) ? directoryStore(source) : memoryStore(source);
}

// Both are recognised by their members, not by instanceof: they may come from another window or a polyfill.
export function isUrl(source: unknown): source is URL {
  return typeof source === 'object' && source !== null && 'href' in source && 'searchParams' in source;
}

function isDirectoryHandle(source: object): source is DirectoryHandle {
  return 'getFileHandle' in source && typeof source.getFileHandle === 'function';
}
