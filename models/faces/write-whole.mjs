import { open, rename, rm } from 'node:fs/promises';

/** Writes a whole file or none. */
export async function writeWhole(path, contents) {
  const partial = `${path}.partial`;
  try {
    const file = await open(partial, 'w');
    await file.writeFile(contents);
    await file.sync();
    await file.close();
    await rename(partial, path);
  } catch (cause) {
    await rm(partial, { force: true });
    throw new Error(`${path}: could not be written`, { cause });
  }
}
