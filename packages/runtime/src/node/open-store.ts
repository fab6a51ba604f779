import { fileURLToPath } from 'node:url';
import type { ModelStore } from '../folder/model-store.js';
import { type NetworkOptions, urlStore } from '../folder/stores/url-store.js';
import { folderStore } from './folder-store.js';
import { createGet } from './get.js';

/** Opens the model folder at a path, a `file:` URL or an http(s) address. */
export function openStore(source: string | URL, network: NetworkOptions = {}): ModelStore {
  // A path such as C:\models begins with a letter and a colon, like an address. What has :// is a mistyped address.
  const isPath = typeof source === 'string' && !/^(https?|file):|^\s*[a-z][a-z0-9+.-]+:\/\//i.test(source);
  if (isPath) return folderStore(source);
  if (/^file:/i.test(String(source))) return folderStore(fileURLToPath(source));
  return urlStore(createGet(network.privateRedirects), source, network);
}
