import type { FileEntry } from './file-entry.js';
import { MismatchError, type ModelFolder, mismatch } from './model-folder.js';
import type { StoredFile } from './model-store.js';

/**
 * Weights of this size and more stay on the disk, from where ONNX Runtime maps them. Smaller ones are read into memory,
 * so that later changes to the file do not matter.
 */
export const mappedFromBytes = 64 * 2 ** 20;

/** A weights file that stays on the disk. */
export interface MappedWeights {
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
  /**
   * To be awaited once a session is open, and before it runs: the sha256 is compared meanwhile.
   * @throws MismatchError if the file is not the one that the manifest lists, or has changed since.
   */
  confirm(): Promise<void>;
}

/**
 * Starts to compare the sha256 of a file on the disk, piece by piece. Before and after, the file has to be the same
 * version, so a session that was opened in between has the same bytes.
 * @returns undefined unless the file is on a disk.
 */
export async function mapWeights(
  { store, signal, onProgress }: ModelFolder,
  { disk }: StoredFile,
  { path, bytes, sha256: expected }: FileEntry,
): Promise<MappedWeights | undefined> {
  if (!disk) return undefined;
  const where = store.locate(path);
  const file = { name: store.name, file: path };
  const onPiece = (loaded: number) =>
    onProgress?.({ status: 'progress', ...file, loaded, total: bytes, progress: (100 * loaded) / bytes });
  onProgress?.({ status: 'initiate', ...file, total: bytes });
  const version = await disk.version();
  const compare = async () => {
    const hash = await disk.sha256({ signal, onPiece });
    if (hash !== expected) throw mismatch(where, `sha256 ${hash}`, expected);
    onProgress?.({ status: 'done', ...file, cached: false });
  };
  const comparing = compare();
  comparing.catch(() => undefined); // whoever confirms gets the error
  return {
    path: disk.path,
    bytes,
    async confirm() {
      await comparing;
      if ((await disk.version()) === version) return;
      throw new MismatchError(`${where} has changed since the model was loaded; load the model again`);
    },
  };
}
