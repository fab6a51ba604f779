import { randomUUID } from 'node:crypto';
import { lstat, mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Writes a file completely or not at all. The bytes go to a temporary file in the same folder, which then replaces an
 * existing file. Missing folders are created.
 * @throws Error if the path exists and is not a file, such as a folder or a device.
 */
export async function writeFileAtomic(
  path: string,
  bytes: Uint8Array | string | Iterable<Uint8Array>,
): Promise<void> {
  const existing = await lstat(path).catch(() => undefined);
  if (existing && !existing.isFile()) throw new Error(`${path} is not a file, so it is not replaced`);
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomUUID()}.tmp`; // a name of its own for each writer; `finalName` knows the form
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

/** The file that a temporary file would have become; undefined if `name` is not that of a temporary file. */
export function finalName(name: string): string | undefined {
  return /^(.+)\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/.exec(name)?.[1];
}
