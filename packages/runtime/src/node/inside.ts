import { realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';

/** Whether a path is a folder or in it. Both are absolute and without links. */
export function isInside(path: string, folder: string): boolean {
  const from = relative(folder, path);
  return !isAbsolute(from) && from !== '..' && !from.startsWith(`..${sep}`);
}

/**
 * The first of the folders that a path is in, also if links lead there. The path need not exist.
 * @returns undefined if the path is outside all of them.
 */
export async function folderAround(path: string, folders: readonly string[]): Promise<string | undefined> {
  const place = await realPlace(resolve(path));
  for (const folder of folders) {
    if (isInside(place, await realPlace(resolve(folder)))) return folder;
  }
  return undefined;
}

/** A path without links. The last parts of it need not exist. */
async function realPlace(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const parent = dirname(path);
    if (parent === path) throw error;
    return join(await realPlace(parent), basename(path));
  }
}
