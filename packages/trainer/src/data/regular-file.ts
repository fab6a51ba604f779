import { stat } from 'node:fs/promises';

/**
 * Refuses a pipe, which might keep its reader waiting for ever, and a device, which may have no end. A path that is
 * missing or a folder is left to its reader, which says so.
 * @throws Error that names the path.
 */
export async function checkRegularFile(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (!found || found.isFile() || found.isDirectory()) return;
  throw new Error(`${path} is not a regular file; put its contents into one`);
}
