import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { checkRegularFile } from './regular-file.js';

/** Reads a file from its start, unpacked if it is gzip. Memory holds no more bytes than are taken at once. */
export interface ByteReader {
  /** Bytes taken so far. */
  readonly position: number;
  /** The next bytes, fewer at the end of the file. The next call may overwrite them. */
  take(count: number): Promise<Uint8Array>;
  /** Takes the rest of the file. */
  drain(): Promise<void>;
}

/** Opens a file. @throws Error, here or in a call, if the file cannot be read or unpacked. */
export async function readBytes(path: string): Promise<ByteReader> {
  await checkRegularFile(path);
  const chunks = (await isPacked(path)) ? unpacked(path) : createReadStream(path)[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array();
  let position = 0;

  const next = async (): Promise<boolean> => {
    const { value, done } = await chunks.next();
    if (!done) rest = value as Uint8Array;
    return !done;
  };
  return {
    get position() {
      return position;
    },
    async take(count) {
      if (rest.length < count) {
        const parts = [rest];
        let held = rest.length;
        while (held < count && (await next())) {
          parts.push(rest);
          held += rest.length;
        }
        rest = Buffer.concat(parts);
      }
      const taken = rest.subarray(0, count);
      rest = rest.subarray(taken.length);
      position += taken.length;
      return taken;
    },
    async drain() {
      do position += rest.length;
      while (await next());
      rest = new Uint8Array();
    },
  };
}

async function isPacked(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await file.close();
  }
}

/** Unpacks all members of a file. As for gzip(1), zeros may follow the last one, to fill a block of a tape or disk. */
async function* unpacked(path: string): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  // Errors of either stream are thrown by the loop. An end before that of the file is not an error yet.
  pipeline(createReadStream(path), gunzip).catch(() => {});
  try {
    yield* gunzip;
  } catch (cause) {
    throw new Error(`data: ${path} cannot be unpacked by gzip; download it again`, { cause });
  }
  await checkPadding(path, gunzip.bytesWritten);
}

/** @throws Error if a file has other bytes than zeros from `start` on. */
async function checkPadding(path: string, start: number): Promise<void> {
  let at = start;
  for await (const bytes of createReadStream(path, { start })) {
    const other = (bytes as Uint8Array).findIndex((byte) => byte !== 0);
    if (other >= 0) {
      throw new Error(
        `data: ${path} has other bytes than zeros after the end of its gzip data, at byte ${at + other}; download it again`,
      );
    }
    at += (bytes as Uint8Array).length;
  }
}
