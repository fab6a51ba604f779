import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeFileAtomic } from '@glow-onnx/runtime/internal-node';

/**
 * Writes a complete file or, on an error, nothing. The file that it replaces moves to `keepAs`, if given, after the new
 * file is on disk under another name. So at every moment one of the two is complete.
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

/** Without this, a power cut may undo a rename. Windows cannot open folders and does not need it. */
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

const goOn = 'earlier checkpoints are complete, and --resume continues from them';

/** For `catch`: an error that names the file that cannot be written, the reason in words, and what to do. */
export function explainWrite(path: string, advice = goOn): (error: NodeJS.ErrnoException) => never {
  return (error) => {
    const reason = reasons[error.code ?? ''];
    if (reason === undefined) throw error;
    throw new Error(`${path} cannot be written: ${reason} (${error.code}); ${advice}`, { cause: error });
  };
}
