import { fileURLToPath } from 'node:url';
import type { ModelStore } from '../folder/model-store.js';
import { isHubName } from '../folder/stores/hub-name.js';
import { hubStore } from '../folder/stores/hub-store.js';
import type { NetworkOptions } from '../folder/stores/network-options.js';
import { urlStore } from '../folder/stores/url-store.js';
import { folderStore } from './folder-store.js';
import { createGet } from './get.js';
import { hubSettings } from './hub-settings.js';

/** Opens the model folder at a path, a `file:` URL, an http(s) address, or a repository of a hub such as `hf:a/b`. */
export function openStore(source: string | URL, network: NetworkOptions = {}): ModelStore {
  const get = createGet(network.privateRedirects);
  if (isHubName(source)) return hubStore(get, source, hubSettings(network.hub), network);
  // A path such as C:\models begins with a letter and a colon, like an address. What has :// is a mistyped address.
  const isPath = typeof source === 'string' && !/^(https?|file):|^\s*[a-z][a-z0-9+.-]+:\/\//i.test(source);
  if (isPath) return folderStore(source);
  if (/^file:/i.test(String(source))) return folderStore(fileURLToPath(source));
  return urlStore(get, source, network);
}
