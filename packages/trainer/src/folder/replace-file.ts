import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeFileAtomic } from '@glow-onnx/runtime/internal-node';

/**
 * Writes a file whole or not at all. What was there before moves to `keepAs` if that is given, once the new one is
 * on disk under a name of its own: at every moment one of the two is whole.
 */
export async function replaceFile(
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

/** Until its folder is on disk too, a power cut may undo a rename. Windows cannot, and need not, open folders. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path).catch(() => undefined);
  try {
    await folder?.sync().catch(() => {});
  } finally {
    await folder?.close();
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file is larger than allowed',
  EROFS: 'the disk is read-only',
  EACCES: 'writing is not permitted',
  EPERM: 'writing is not permitted',
};

const goOn = 'what was saved before is whole, and --resume goes on from it';

/** For `catch`: says which file cannot be written and why, in words where the system has only a code. */
export function explainWrite(path: string, advice = goOn): (error: NodeJS.ErrnoException) => never {
  return (error) => {
    const reason = reasons[error.code ?? ''];
    if (reason === undefined) throw error;
    throw new Error(`${path} cannot be written: ${reason} (${error.code}); ${advice}`, { cause: error });
  };
}
