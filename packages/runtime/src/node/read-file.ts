import { open, readFile, stat } from 'node:fs/promises';

/** Bytes per read. One read of a file gives less than 2 GiB. */
const PIECE = 2 ** 30;

/**
 * Reads a file into one array. Unlike `readFile` of Node it also reads files of 2 GiB and more.
 * @param limit the largest file to read, in bytes.
 * @throws Error as `readFile` does, or if the file becomes shorter while it is read; RangeError if it is larger than
 *   the limit, or Node has no array of that size (Node 20: at most 4 GiB).
 */
export async function readWholeFile(
  path: string,
  limit = Number.POSITIVE_INFINITY,
): Promise<Uint8Array<ArrayBuffer>> {
  const { size } = await stat(path);
  if (size > limit) throw new RangeError(`${path} has ${size} bytes, expected at most ${limit}`);
  if (size === 0) return readFile(path); // an empty file, or a pipe of unknown size
  const bytes = allocate(path, size);
  const file = await open(path);
  try {
    for (let at = 0; at < size; ) {
      const { bytesRead } = await file.read(bytes.subarray(at, at + PIECE), { position: at });
      if (bytesRead === 0)
        throw new Error(`${path} has ${at} bytes, expected ${size}: it became shorter while it was read`);
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
  return bytes;
}

function allocate(path: string, size: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(size);
  } catch (cause) {
    throw new RangeError(
      `${path} has ${size} bytes, more than one array can hold in Node ${process.version}; use Node 22 or newer, or more memory`,
      { cause },
    );
  }
}
