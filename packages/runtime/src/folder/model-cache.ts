import { messageOf } from '../message-of.js';
import type { StoredFile } from './model-store.js';
import { warnOnce } from './warn-once.js';

/**
 * Files that outlive the program. The key of a file is the sha256 of its contents, that of a note the sha256 of its
 * name: 64 hex digits.
 */
export interface ModelCache {
  /** A folder in Node, the name of a cache in a browser. */
  readonly location: string;
  open(key: string): Promise<StoredFile | undefined>;
  write(key: string, bytes: Uint8Array): Promise<void>;
  remove(key: string): Promise<void>;
  /** Removes the files of this package. Other files stay. */
  clear(): Promise<void>;
}

/**
 * The cache for downloaded files: `true` for the user's own cache, `false` for no cache, or a place: a folder in
 * Node, the name of a cache in a browser.
 */
export type CacheChoice = boolean | string;

/** The sha256 of bytes, in hex. */
export type Sha256 = (bytes: Uint8Array<ArrayBuffer>) => Promise<string>;

/**
 * Opens the chosen cache. A cache that fails gives one warning and no error, because a model loads without it too.
 * @throws RangeError if the choice is an empty string.
 */
export function openCache(
  platform: { openCache(location?: string): ModelCache },
  choice: CacheChoice = true,
): ModelCache | undefined {
  if (choice === false) return undefined;
  if (choice === '')
    throw new RangeError(
      'loadGlow: cache is an empty string; pass a folder or a name, or false for no cache',
    );
  const cache = platform.openCache(choice === true ? undefined : choice);
  const tolerant = async <T>(work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work;
    } catch (error) {
      const reason = messageOf(error);
      warnOnce(`the cache at ${cache.location} cannot be used, so files are downloaded each time: ${reason}`);
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
