import type { ModelCache, Sha256 } from './model-cache.js';
import { readBounded } from './model-store.js';

/** Bytes that outlive the program, by key, any string. Neither call fails: what cannot be kept is lost, harmlessly. */
export interface KeyValueCache {
  read(key: string): Promise<Uint8Array | undefined>;
  write(key: string, bytes: Uint8Array): Promise<void>;
}

/** For those who want nothing kept. */
export const forgetful: KeyValueCache = { read: async () => undefined, write: async () => {} };

const noteBytes = 2 ** 20;

/** Small notes in the same cache, by any key. */
export function keyValueCache(cache: ModelCache, sha256: Sha256): KeyValueCache {
  const keyOf = (key: string) => sha256(new TextEncoder().encode(key));
  return {
    async read(key) {
      const file = await cache.open(await keyOf(key));
      if (!file) return undefined;
      // A note that cannot be read is a note that was lost.
      return readBounded(file, { where: key, limit: noteBytes }).catch(() => undefined);
    },
    write: async (key, bytes) => cache.write(await keyOf(key), bytes),
  };
}
