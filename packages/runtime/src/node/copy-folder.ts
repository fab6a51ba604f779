import { cardPath, maxPictureBytes, picturesOf, readCard } from '../folder/card.js';
import { type ModelFolder, readVerified } from '../folder/model-folder.js';
import { readBounded } from '../folder/model-store.js';
import { ofOneVersion } from '../folder/one-version.js';
import { type WriteFile, type WrittenFile, writeFolder } from './write-folder.js';

export interface CopyOptions {
  /** The command, in messages. */
  readonly where: string;
  readonly out: string;
  /** Whether to replace an existing model folder. */
  readonly force: boolean;
  /** Whether to copy the model card too, and the pictures that it shows. */
  readonly withCard: boolean;
}

/**
 * Copies a model folder: its manifest and the files that it lists, each compared with its sha256. The copy appears
 * complete or not at all.
 * @throws Error if a file is missing or changed, or `out` may not be replaced; the errors of reading and writing.
 */
export async function copyFolder(
  folder: ModelFolder,
  { where, out, force, withCard }: CopyOptions,
): Promise<WrittenFile[]> {
  return ofOneVersion(folder, ({ manifest, bytes }) =>
    writeFolder(where, out, force, async (_, write) => {
      const files = [await write('manifest.json', [bytes])];
      for (const { path } of manifest.files) {
        files.push(await write(path, [await readVerified(folder, manifest, path)]));
      }
      const listed = new Set(files.map(({ path }) => path));
      if (withCard && !listed.has(cardPath)) files.push(...(await copyCard(folder, listed, write)));
      return files;
    }),
  );
}

/** No hash vouches for the card. Its pictures are not read by models, so one that is missing is left out. */
async function copyCard(
  { store, signal }: ModelFolder,
  listed: ReadonlySet<string>,
  write: WriteFile,
): Promise<WrittenFile[]> {
  const card = await readCard(store, signal);
  if (!card) return [];
  const files = [await write(cardPath, [card])];
  for (const path of picturesOf(card).filter((each) => !listed.has(each))) {
    const file = await store.open(path, signal);
    if (!file) continue;
    const picture = await readBounded(file, { where: store.locate(path), limit: maxPictureBytes, signal });
    files.push(await write(path, [picture]));
  }
  return files;
}
