import type { FileEntry } from '../folder/file-entry.js';
import { MismatchError, mismatch } from '../folder/model-folder.js';
import type { MappedWeights, MappingListeners, ModelStore, ReadOptions } from '../folder/model-store.js';

/** A file on a disk. */
export interface DiskFile {
  /** Absolute. */
  readonly path: string;
  /** Names the contents without reading them: another text once the file is written to or replaced. */
  version(): Promise<string>;
  /**
   * The sha256 in hex, without the whole file in memory.
   * @param onPiece gets the bytes read so far.
   */
  sha256(options: Pick<ReadOptions, 'signal' | 'onPiece'>): Promise<string>;
}

/**
 * Starts to compare the sha256 of a file on the disk, piece by piece. Before and after, the file has to be the same
 * version, so a session that was opened in between has the same bytes.
 */
export async function mapWeights(
  store: Pick<ModelStore, 'name' | 'locate'>,
  disk: DiskFile,
  { path, bytes, sha256: expected }: FileEntry,
  { signal, onProgress }: MappingListeners,
): Promise<MappedWeights> {
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
