import type { ModelCache, Sha256 } from './model-cache.js';
import { readBounded } from './model-store.js';

/** Bytes that outlive the program. A key is any string. Neither call fails: a note that cannot be written is lost. */
export interface KeyValueCache {
  read(key: string): Promise<Uint8Array | undefined>;
  write(key: string, bytes: Uint8Array): Promise<void>;
}

/** A cache that keeps nothing, for `cache: false`. */
export const forgetful: KeyValueCache = { read: async () => undefined, write: async () => {} };

const noteBytes = 2 ** 20;

/** Keeps small notes in a model cache, by any key. */
export function keyValueCache(cache: ModelCache, sha256: Sha256): KeyValueCache {
  const keyOf = (key: string) => sha256(new TextEncoder().encode(key));
  return {
    async read(key) {
      const file = await cache.open(await keyOf(key));
      if (!file) return undefined;
      // An unreadable note counts as missing.
      return readBounded(file, { where: key, limit: noteBytes }).catch(() => undefined);
    },
    write: async (key, bytes) => cache.write(await keyOf(key), bytes),
  };
}
