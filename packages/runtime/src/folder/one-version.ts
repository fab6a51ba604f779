import { type ManifestFile, MismatchError, type ModelFolder, readManifest } from './model-folder.js';

/**
 * Reads the manifest and does work with it that reads files. If a file does not match, and the server has another
 * manifest by now, the folder changed in between: the work is done once more, with that manifest.
 */
export async function ofOneVersion<T>(
  folder: ModelFolder,
  work: (manifest: ManifestFile) => Promise<T>,
): Promise<T> {
  const first = await readManifest(folder);
  try {
    return await work(first);
  } catch (error) {
    if (folder.store.url === undefined || !isMismatch(error)) throw error;
    const second = await readManifest(folder);
    if (second.sha256 === first.sha256) throw error;
    return work(second);
  }
}

/** The error of a device that could not read its golden images has the mismatch as its cause. */
function isMismatch(error: unknown): boolean {
  return error instanceof MismatchError || (error as Error | undefined)?.cause instanceof MismatchError;
}
