import { describe } from '@glow-onnx/flow/manifest';
import type { Platform } from '../platform.js';
import type { ModelStore } from './model-store.js';
import { isUrl } from './stores/address.js';
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
 *
 * A path or address may also be that of its manifest.json.
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
  if (typeof source === 'string' || isUrl(source)) {
    if (source === '') throw new TypeError('loadGlow: the path or address of the model folder is empty');
    return platform.openStore(folderAt(source), network);
  }
  if (typeof source !== 'object' || source === null || isBytes(source)) {
    throw new TypeError(
      'loadGlow: expected the path or address of a model folder, a directory handle or a map of files, ' +
        `got ${describe(source)}`,
    );
  }
  return isDirectoryHandle(source) ? directoryStore(source) : memoryStore(source);
}

/** The folder of a path or address that may be that of its manifest. */
function folderAt(source: string | URL): string | URL {
  const manifest = /(^|[\\/])manifest\.json(?=$|[?#])/;
  const text = String(source);
  return manifest.test(text) ? text.replace(manifest, '$1') || '.' : source;
}

function isBytes(source: object): boolean {
  return ArrayBuffer.isView(source) || 'arrayBuffer' in source || Array.isArray(source);
}

/** Recognised by its members, not by instanceof: it may come from another window or a polyfill. */
function isDirectoryHandle(source: object): source is DirectoryHandle {
  return 'getFileHandle' in source && typeof source.getFileHandle === 'function';
}
