import type { Platform } from '../platform.js';
import type { ModelStore } from './model-store.js';
import { type DirectoryHandle, directoryStore } from './stores/directory-store.js';
import { type ModelFiles, memoryStore } from './stores/memory-store.js';

/**
 * Where a model folder is: a path (Node; as text or file: URL), an http(s) address (in a page also a relative
 * one), a directory handle as `showDirectoryPicker()` gives it, or its files by their path inside the folder.
 */
export type ModelSource = string | URL | DirectoryHandle | ModelFiles;

/** @throws TypeError if it is none of these. */
export function storeOf(platform: Platform, source: ModelSource): ModelStore {
  if (typeof source === 'string') {
    if (source === '') throw new TypeError('loadGlow: the path or address of the model folder is empty');
    return platform.openStore(source);
  }
  if (typeof source !== 'object' || source === null) {
    throw new TypeError(
      `loadGlow: pass a model folder's path or address, a directory handle or a map of files, got ${source}`,
    );
  }
  if (isUrl(source)) return platform.openStore(source);
  return isDirectoryHandle(source) ? directoryStore(source) : memoryStore(source);
}

// By what they have, not by instanceof: each may come from another window or polyfill.
function isUrl(source: object): source is URL {
  return 'href' in source && 'searchParams' in source;
}

function isDirectoryHandle(source: object): source is DirectoryHandle {
  return 'getFileHandle' in source && typeof source.getFileHandle === 'function';
}
