import { open, readFile, stat } from 'node:fs/promises';

/** One read of a file gives less than 2 GiB. */
const PIECE = 2 ** 30;

/**
 * A file's bytes in one array, also where it is larger than the 2 GiB that `readFile` of Node takes.
 * @throws Error as `readFile` does; RangeError if Node has no array of that size (Node 20: none above 4 GiB).
 */
export async function readWholeFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const { size } = await stat(path);
  if (size === 0) return readFile(path); // or a pipe, whose size nobody knows
  const bytes = allocate(path, size);
  const file = await open(path);
  try {
    for (let at = 0; at < size; ) {
      const { bytesRead } = await file.read(bytes.subarray(at, at + PIECE), { position: at });
      if (bytesRead === 0)
        throw new Error(`${path} has ${at} bytes, expected ${size}: it was cut short meanwhile`);
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
      `${path} has ${size} bytes, more than Node ${process.version} holds in one array; take Node 22 or newer, or more memory`,
      { cause },
    );
  }
}
