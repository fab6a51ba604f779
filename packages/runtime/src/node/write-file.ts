import { randomUUID } from 'node:crypto';
import { lstat, mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Writes a file whole or not at all, in place of what stood there: a temporary file beside it takes its name
 * once it is on disk. Makes the folder if need be.
 * @throws Error if something that is no file stands there, such as a folder or a device.
 */
export async function writeFileAtomic(
  path: string,
  bytes: Uint8Array | string | Iterable<Uint8Array>,
): Promise<void> {
  const standing = await lstat(path).catch(() => undefined);
  if (standing && !standing.isFile()) throw new Error(`${path} is not a file, so it is not replaced`);
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomUUID()}.tmp`; // no two writers share it
  try {
    const file = await open(temporary, 'w');
    try {
      await writeFile(file, bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
