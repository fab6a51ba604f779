import { type CacheSpace, checkCacheName, type ModelCache } from '../folder/model-cache.js';
import { responseFile } from '../folder/stores/response-file.js';

/** The Cache API takes addresses as keys. Nothing is ever fetched from these addresses. */
const addresses = 'https://glow-onnx.invalid/';

/** A cache of the browser's Cache API. */
export function openCache(location = 'glow-onnx'): ModelCache {
  const open = () => {
    if (!globalThis.caches) throw new Error('the page needs https or localhost to have a cache');
    return caches.open(location);
  };
  const spaceAt = (prefix: string): CacheSpace => ({
    async open(name) {
      const response = await (await open()).match(prefix + checkCacheName(name));
      return response && responseFile(response);
    },
    async write(name, bytes) {
      const response = new Response(bytes as Uint8Array<ArrayBuffer>);
      await (await open()).put(prefix + checkCacheName(name), response);
    },
    async remove(name) {
      await (await open()).delete(prefix + checkCacheName(name));
    },
  });
  return {
    location,
    contents: spaceAt(addresses),
    notes: spaceAt(`${addresses}notes/`),
    async clear() {
      const cache = await open();
      const ours = (await cache.keys()).filter(({ url }) => url.startsWith(addresses));
      await Promise.all(ours.map((request) => cache.delete(request)));
    },
  };
}
