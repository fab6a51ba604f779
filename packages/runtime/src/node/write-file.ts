import { rmSync } from 'node:fs';
import { lstat, mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { explained } from './explain-system-error.js';
import { onExit, sweepTemporary, temporaryName } from './temporary.js';

/** Folders in which this process has removed the remains of others. */
const swept = new Set<string>();

/**
 * Writes a file completely or not at all. The bytes go to a temporary file in the same folder, which then replaces an
 * existing file and keeps its permissions. Missing folders are created. The temporary file does not outlive this process, unless it is killed;
 * then the next process that writes into the folder removes it.
 * @throws Error if the path exists and is not a file, such as a folder or a device; Error that names the path and the
 *   reason if it cannot be written.
 */
export async function writeFileAtomic(
  path: string,
  bytes: Uint8Array | string | Iterable<Uint8Array>,
): Promise<void> {
  const existing = await lstat(path).catch(() => undefined);
  if (existing && !existing.isFile()) throw new Error(`${path} is not a file, so it is not replaced`);
  await explained('written', path, async () => {
    await mkdir(dirname(path), { recursive: true });
    sweepOnce(dirname(path));
    await replaceWith(path, bytes, existing && existing.mode & 0o777);
  });
}

async function replaceWith(
  path: string,
  bytes: Uint8Array | string | Iterable<Uint8Array>,
  mode: number | undefined,
): Promise<void> {
  const temporary = temporaryName(path);
  const cancel = onExit(() => rmSync(temporary, { force: true }));
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      if (mode !== undefined) await file.chmod(mode).catch(() => {}); // some disks have no modes
      await writeFile(file, bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    cancel();
  }
}

function sweepOnce(folder: string): void {
  if (swept.has(folder)) return;
  swept.add(folder);
  sweepTemporary(folder);
}
