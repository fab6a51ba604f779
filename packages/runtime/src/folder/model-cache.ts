import type { OwnBytes } from '@glow-onnx/flow/internal';
import { sha256Pattern } from '@glow-onnx/flow/manifest';
import { messageOf } from '../message-of.js';
import type { StoredFile } from './model-store.js';
import { warnOnce } from './warn-once.js';

/** Files by name. A name is a sha256, so it leads to no other place. */
export interface CacheSpace {
  open(sha256: string): Promise<StoredFile | undefined>;
  write(sha256: string, bytes: Uint8Array): Promise<void>;
  remove(sha256: string): Promise<void>;
}

/** Files that outlive the program. No server can write a note: notes and contents are apart. */
export interface ModelCache {
  /** A folder in Node, the name of a cache in a browser. */
  readonly location: string;
  /** Files from servers, each under the sha256 of its contents. Whoever reads one compares it with its name. */
  readonly contents: CacheSpace;
  /** What this package remembers, each note under the sha256 of its key. */
  readonly notes: CacheSpace;
  /** Removes the files of this package. Other files stay. */
  clear(): Promise<void>;
}

/** @returns the name. @throws RangeError unless it is a sha256: a name becomes a path or an address. */
export function checkCacheName(name: string): string {
  if (sha256Pattern.test(name)) return name;
  throw new RangeError(`cache: a file is named by a sha256 of 64 hex digits, got ${JSON.stringify(name)}`);
}

/**
 * The cache for downloaded files: `true` for the user's own cache, `false` for no cache, or a place: a folder in
 * Node, the name of a cache in a browser.
 */
export type CacheChoice = boolean | string;

/** The sha256 of bytes, in hex. */
export type Sha256 = (bytes: OwnBytes) => Promise<string>;

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
      const subject = `the cache at ${cache.location}`;
      warnOnce(`${subject} cannot be used, so files are downloaded each time: ${messageOf(error)}`, subject);
      return undefined;
    }
  };
  const tolerantly = ({ open, write, remove }: CacheSpace): CacheSpace => ({
    open: (name) => tolerant(open(name)),
    write: (name, bytes) => tolerant(write(name, bytes)),
    remove: (name) => tolerant(remove(name)),
  });
  return { ...cache, contents: tolerantly(cache.contents), notes: tolerantly(cache.notes) };
}
