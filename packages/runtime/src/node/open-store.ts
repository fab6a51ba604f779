import { fileURLToPath } from 'node:url';
import type { ModelStore } from '../folder/model-store.js';
import { urlStore } from '../folder/stores/url-store.js';
import { folderStore } from './folder-store.js';

/** The folder at a path or a file: address, or on the server of an http address. */
export function openStore(source: string | URL): ModelStore {
  // A path may begin with a letter and a colon, as an address does: C:\models.
  const url = typeof source === 'string' && !/^(https?|file):/i.test(source) ? undefined : new URL(source);
  if (!url) return folderStore(source as string);
  return url.protocol === 'file:' ? folderStore(fileURLToPath(url)) : urlStore(url);
}
