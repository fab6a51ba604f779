import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What a folder's files are taken for pictures by; as in training, hidden ones are left out. */
const pictureName = /^[^.].*\.(png|jpe?g|webp)$/i;

/**
 * Files as they are named, and all pictures in a folder and the folders in it, in the order of their paths.
 * @throws Error if a folder has none.
 */
export async function expandFolders(paths: readonly string[]): Promise<string[]> {
  const expanded = paths.map(async (path) => {
    const found = await stat(path).catch(() => undefined);
    if (!found?.isDirectory()) return [path]; // what is not there is told when it is read
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    const pictures = entries
      .filter((entry) => !entry.isDirectory() && pictureName.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    if (pictures.length > 0) return pictures;
    throw new Error(`${path}: no pictures in this folder; expected files named .png, .jpg, .jpeg or .webp`);
  });
  return (await Promise.all(expanded)).flat();
}
