import type { ModelCache, Sha256 } from './model-cache.js';
import { readBounded } from './model-store.js';

/**
 * Notes that outlive the program: plain data, by any key. Neither call fails: a note that cannot be written is lost.
 * A note comes from a file that anything may have changed, so whoever reads it checks what it holds.
 */
export interface KeyValueCache {
  read(key: string): Promise<unknown>;
  write(key: string, note: object): Promise<void>;
}

/** A cache that keeps nothing, for `cache: false`. */
export const forgetful: KeyValueCache = { read: async () => undefined, write: async () => {} };

const noteBytes = 2 ** 16;

/** Keeps small notes in a model cache as JSON. */
export function keyValueCache({ notes }: Pick<ModelCache, 'notes'>, sha256: Sha256): KeyValueCache {
  const nameOf = (key: string) => sha256(new TextEncoder().encode(key));
  return {
    async read(key) {
      const file = await notes.open(await nameOf(key));
      if (!file) return undefined;
      try {
        const bytes = await readBounded(file, { where: 'a note', limit: noteBytes });
        return JSON.parse(new TextDecoder().decode(bytes));
      } catch {
        return undefined; // an unreadable or damaged note counts as missing
      }
    },
    write: async (key, note) =>
      notes.write(await nameOf(key), new TextEncoder().encode(JSON.stringify(note))),
  };
}
