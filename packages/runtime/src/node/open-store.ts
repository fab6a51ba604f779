import { fileURLToPath } from 'node:url';
import type { ModelStore } from '../folder/model-store.js';
import { isHubName } from '../folder/stores/address.js';
import type { Get } from '../folder/stores/answer.js';
import { hubFolder } from '../folder/stores/hub-folder.js';
import { serverStore } from '../folder/stores/server-store.js';
import type { NetworkOptions } from '../folder/stores/url-store.js';
import { urlStore } from '../folder/stores/url-store.js';
import { folderStore } from './folder-store.js';
import { createGet } from './get.js';
import { hubSettings } from './hub-settings.js';

/** Opens the model folder at a path, a `file:` URL, an http(s) address, or a repository of a hub such as `hf:a/b`. */
export function openStore(source: string | URL, network: NetworkOptions = {}): ModelStore {
  const get = createGet(network.privateRedirects);
  if (isHubName(source)) {
    const settings = hubSettings(network.hub);
    return serverStore(
      settings.offline ? askNobody : get,
      hubFolder(source, settings),
      network.idleTimeoutMs,
    );
  }
  // A path such as C:\models begins with a letter and a colon, like an address. What has :// is a mistyped address.
  const isPath = typeof source === 'string' && !/^(https?|file):|^\s*[a-z][a-z0-9+.-]+:\/\//i.test(source);
  if (isPath) return folderStore(source);
  if (/^file:/i.test(String(source))) return folderStore(fileURLToPath(source));
  return urlStore(get, source, network);
}

/** In place of requests: the cache then gives what it has, as for a server that cannot be reached. */
const askNobody: Get = async () => {
  throw new Error('HF_HUB_OFFLINE is set; unset it, or load the model once without it');
};
