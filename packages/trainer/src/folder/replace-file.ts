import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { explained, writeFileAtomic } from '@glow-onnx/runtime/internal-node';

/**
 * Writes a complete file or, on an error, nothing. The file that it replaces moves to `keepAs`, if given, after the new
 * file is on disk under another name. So at every moment one of the two is complete.
 * @throws Error that names the path and the reason if it cannot be written.
 */
export async function replaceFile(
  path: string,
  bytes: Uint8Array | Iterable<Uint8Array>,
  keepAs?: string,
): Promise<void> {
  await explained('written', path, () => replace(path, bytes, keepAs));
}

async function replace(
  path: string,
  bytes: Uint8Array | Iterable<Uint8Array>,
  keepAs?: string,
): Promise<void> {
  const fresh = `${path}.new`;
  try {
    await writeFileAtomic(fresh, bytes);
    if (keepAs !== undefined) {
      await rename(path, keepAs).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
    }
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true }).catch(() => {});
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Without this, a power cut may undo a rename. Windows cannot open folders and does not need it. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path).catch(() => undefined);
  try {
    await folder?.sync().catch(() => {});
  } finally {
    await folder?.close();
  }
}
