import type { FileEntry } from './file-entry.js';
import { keyValueCache } from './key-value-cache.js';
import type { ModelCache, Sha256 } from './model-cache.js';

/** Remembers the last manifest from an address, for times when its server cannot be reached. */
export function lastManifest(cache: ModelCache, sha256: Sha256, url: string) {
  const notes = keyValueCache(cache, sha256);
  const key = `manifest of ${url}`;
  return {
    async read(): Promise<FileEntry | undefined> {
      const note = await notes.read(key);
      try {
        return note && JSON.parse(new TextDecoder().decode(note));
      } catch {
        return undefined; // a damaged note counts as missing
      }
    },
    write: (entry: FileEntry) => notes.write(key, new TextEncoder().encode(JSON.stringify(entry))),
  };
}
