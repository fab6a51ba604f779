import { fileURLToPath } from 'node:url';
import type { ModelStore } from '../folder/model-store.js';
import { urlStore } from '../folder/stores/url-store.js';
import { folderStore } from './folder-store.js';

/** Opens the model folder at a path, a `file:` URL or an http(s) address. */
export function openStore(source: string | URL): ModelStore {
  // A path such as C:\models begins with a letter and a colon, like an address.
  const url = typeof source === 'string' && !/^(https?|file):/i.test(source) ? undefined : new URL(source);
  if (!url) return folderStore(source as string);
  return url.protocol === 'file:' ? folderStore(fileURLToPath(url)) : urlStore(url);
}
