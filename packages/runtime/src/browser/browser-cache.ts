import type { ModelCache } from '../folder/model-cache.js';
import { responseFile } from '../folder/stores/response-file.js';

/** The Cache API takes addresses as keys. Nothing is ever fetched from this address. */
const addresses = 'https://glow-onnx.invalid/';

/** A cache of the browser's Cache API. */
export function openCache(location = 'glow-onnx'): ModelCache {
  const open = () => {
    if (!globalThis.caches) throw new Error('the page needs https or localhost to have a cache');
    return caches.open(location);
  };
  return {
    location,
    async open(key) {
      const response = await (await open()).match(addresses + key);
      return response && responseFile(response);
    },
    async write(key, bytes) {
      await (await open()).put(addresses + key, new Response(bytes as Uint8Array<ArrayBuffer>));
    },
    async remove(key) {
      await (await open()).delete(addresses + key);
    },
    async clear() {
      const cache = await open();
      const ours = (await cache.keys()).filter(({ url }) => url.startsWith(addresses));
      await Promise.all(ours.map((request) => cache.delete(request)));
    },
  };
}
