import { sha256Pattern } from '@glow-onnx/flow/manifest';
import type { FileEntry } from './file-entry.js';
import { keyValueCache } from './key-value-cache.js';
import type { ModelCache, Sha256 } from './model-cache.js';

/**
 * Remembers the last manifest from an address, for times when its server cannot be reached.
 * @param path the manifest in the folder.
 * @param limit the largest manifest, in bytes.
 */
export function lastManifest(
  cache: ModelCache,
  sha256: Sha256,
  url: string,
  { path, limit }: { readonly path: string; readonly limit: number },
) {
  const notes = keyValueCache(cache, sha256);
  const key = `manifest of ${url}`;
  return {
    async read(): Promise<FileEntry | undefined> {
      const note = (await notes.read(key)) as Partial<FileEntry> | null | undefined;
      const { bytes, sha256 } = note ?? {};
      const isSize = Number.isSafeInteger(bytes) && (bytes as number) >= 0 && (bytes as number) <= limit;
      if (!isSize || typeof sha256 !== 'string' || !sha256Pattern.test(sha256)) return undefined;
      return { path, bytes: bytes as number, sha256 };
    },
    write: ({ bytes, sha256 }: Omit<FileEntry, 'path'>) => notes.write(key, { bytes, sha256 }),
  };
}
