import type { KeyValueCache, Platform } from '../platform.js';
import { readBounded, type StoredFile } from './model-store.js';
import { warnOnce } from './warn-once.js';

/** Files that outlive the program, by the sha256 of their contents or of what else names them: 64 hex digits. */
export interface ModelCache {
  /** Where it is: a folder in Node, the name of a cache in a browser. */
  readonly location: string;
  open(key: string): Promise<StoredFile | undefined>;
  write(key: string, bytes: Uint8Array): Promise<void>;
  remove(key: string): Promise<void>;
  /** Removes what this package put there, and nothing else. */
  clear(): Promise<void>;
}

/** `false` for none, `true` for the user's own, or where else: a folder in Node, a name in a browser. */
export type CacheChoice = boolean | string;

/** The cache that was asked for; what fails in it is warned of once, as a model loads without it too. */
export function openCache(platform: Platform, choice: CacheChoice = true): ModelCache | undefined {
  if (choice === false) return undefined;
  if (choice === '') throw new RangeError('loadGlow: cache is empty text; pass a place, or false for none');
  const cache = platform.openCache(choice === true ? undefined : choice);
  const tolerant = async <T>(work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      warnOnce(`the cache at ${cache.location} cannot be used, so files are fetched each time: ${reason}`);
      return undefined;
    }
  };
  return {
    ...cache,
    open: (key) => tolerant(cache.open(key)),
    write: (key, bytes) => tolerant(cache.write(key, bytes)),
    remove: (key) => tolerant(cache.remove(key)),
  };
}

/** For those who want nothing kept. */
export const forgetful: KeyValueCache = { read: async () => undefined, write: async () => {} };

const noteBytes = 2 ** 20;

/** Small notes in the same cache, by any key. */
export function keyValueCache(cache: ModelCache, sha256: Platform['sha256']): KeyValueCache {
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
