/** Where a model folder's files come from: a folder on disk, an address, a directory handle, a map of files. */
export interface ModelStore {
  /** How messages call the folder. */
  readonly name: string;
  /** Address of a folder that is read over a network; its files are worth a cache. */
  readonly url?: string;
  /** How messages call the file at this path inside the folder. */
  locate(path: string): string;
  /**
   * The file at this path, nothing of it read yet; undefined if there is none.
   * @throws UnreachableError if the server cannot be reached; Error if what is there is no file, or not to be read.
   */
  open(path: string, signal?: AbortSignal): Promise<StoredFile | undefined>;
}

export interface StoredFile {
  /** In bytes, where it is known beforehand. */
  readonly size: number | undefined;
  /** The bytes in order, in pieces that hold until the next is asked for. */
  pieces(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** A server that does not answer, or stops in the middle: trying later, or a cached copy, may help. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

export interface ReadOptions {
  /** How messages call the file. */
  readonly where: string;
  /** The most bytes to take. */
  readonly limit: number;
  readonly signal?: AbortSignal | undefined;
  readonly onPiece?: (loaded: number) => void;
}

/**
 * Reads a file, and stops as soon as it proves longer than it may be.
 * @throws RangeError if it is longer, or if no buffer can hold what it may be; `signal.reason` when aborted.
 */
export async function readBounded(
  file: StoredFile,
  { where, limit, signal, onPiece }: ReadOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const tooLong = () => new RangeError(`${where} has more than ${limit} bytes, the most it may have`);
  if (file.size !== undefined && file.size > limit) throw tooLong();
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

function allocate(where: string, bytes: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(bytes);
  } catch (cause) {
    throw new RangeError(`${where} should have ${bytes} bytes, more than one buffer holds here`, { cause });
  }
}
