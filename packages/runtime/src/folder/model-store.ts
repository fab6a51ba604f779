import type { OwnBytes } from '@glow-onnx/flow/internal';
import type { FileEntry } from './file-entry.js';
import type { LoadProgress } from './load-progress.js';

/** Gives the files of a model folder: from disk, from an address, from a directory handle or from a map of files. */
export interface ModelStore {
  /** The folder in messages. */
  readonly name: string;
  /** The address of a folder that is read over a network. Its files go to the cache. */
  readonly url?: string;
  /** What to do if the folder has no manifest.json, where the store knows more than others. */
  advice?: (() => Promise<string | undefined>) | undefined;
  /** The file at this path inside the folder, for messages. */
  locate(path: string): string;
  /**
   * Opens the file at this path without reading it; undefined if no such file exists.
   * @throws UnreachableError if the server cannot be reached; Error if the path is not a file or cannot be read.
   */
  open(path: string, signal?: AbortSignal): Promise<StoredFile | undefined>;
  /** Leaves a file on its disk, and compares it with its entry there. Missing where files are on no disk. */
  map?(entry: FileEntry, listeners: MappingListeners): Promise<MappedWeights>;
}

export interface StoredFile {
  /** In bytes; undefined if it is not known in advance. */
  readonly size: number | undefined;
  /** The bytes in order. A piece is valid until the next one is requested. */
  pieces(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** Lets go of a file whose pieces nobody reads. */
  cancel?(): void;
}

export interface MappingListeners {
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A weights file that stays on the disk, from where ONNX Runtime maps it. */
export interface MappedWeights {
  /** Absolute, so that it stays the same if the program changes its working directory. */
  readonly path: string;
  readonly bytes: number;
  /**
   * To be awaited once a session is open, and before it runs: the sha256 is compared meanwhile.
   * @throws MismatchError if the file is not the one that the manifest lists, or has changed since.
   */
  confirm(): Promise<void>;
}

/** A server does not answer, fails, breaks off, or has too many requests. A later attempt, or a cached copy, may help. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

export interface ReadOptions {
  /** The file in messages. */
  readonly where: string;
  /** The largest size to accept, in bytes. */
  readonly limit: number;
  readonly signal?: AbortSignal | undefined;
  /** Gets the bytes read so far, after each piece. */
  readonly onPiece?: (loaded: number) => void;
}

/**
 * Reads a file of at most `limit` bytes.
 * @throws RangeError if the file is longer, or if no buffer of that size can be allocated; `signal.reason` when
 *   aborted.
 */
export async function readBounded(
  file: StoredFile,
  { where, limit, signal, onPiece }: ReadOptions,
): Promise<OwnBytes> {
  const tooLong = () => new RangeError(`${where} has more than ${limit} bytes, expected at most ${limit}`);
  if (file.size !== undefined && file.size > limit) {
    file.cancel?.();
    throw tooLong();
  }
  const bytes = allocate(where, file.size ?? limit);
  let loaded = 0;
  for await (const piece of file.pieces()) {
    signal?.throwIfAborted();
    if (piece.length > bytes.length - loaded) throw tooLong();
    bytes.set(piece, loaded);
    loaded += piece.length;
    onPiece?.(loaded);
  }
  return bytes.subarray(0, loaded);
}

function allocate(where: string, bytes: number): OwnBytes {
  try {
    return new Uint8Array(bytes);
  } catch (cause) {
    throw new RangeError(`${where} may have ${bytes} bytes, more than one buffer can hold here`, { cause });
  }
}
