import type { StoredFile } from './model-store.js';
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

/** The sha256 of bytes, in hex. */
export type Sha256 = (bytes: Uint8Array<ArrayBuffer>) => Promise<string>;

/** The cache that was asked for; what fails in it is warned of once, as a model loads without it too. */
export function openCache(
  platform: { openCache(location?: string): ModelCache },
  choice: CacheChoice = true,
): ModelCache | undefined {
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
