import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** The names of image files in a folder. Hidden files are left out, as in training. */
const imageName = /^[^.].*\.(png|jpe?g|webp)$/i;

/**
 * Replaces each folder by the images in it and in its subfolders, in the order of their paths. Other paths stay.
 * @throws Error if a folder contains no images.
 */
export async function expandFolders(paths: readonly string[]): Promise<string[]> {
  const expanded = paths.map(async (path) => {
    const found = await stat(path).catch(() => undefined);
    if (!found?.isDirectory()) return [path]; // a missing file fails later, when it is read
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    const images = entries
      .filter((entry) => !entry.isDirectory() && imageName.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    if (images.length > 0) return images;
    throw new Error(`${path}: no images in this folder; expected files named .png, .jpg, .jpeg or .webp`);
  });
  return (await Promise.all(expanded)).flat();
}
