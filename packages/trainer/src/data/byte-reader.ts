import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

/** A file's bytes from its start on, unpacked if gzip packed them, never more of them in memory than are taken. */
export interface ByteReader {
  /** Bytes taken so far. */
  readonly position: number;
  /** The next bytes; fewer where the file ends. They may be overwritten by the next call. */
  take(count: number): Promise<Uint8Array>;
  /** Takes all that is left. */
  drain(): Promise<void>;
}

/** @throws Error, by what it gives to `take`, if the file cannot be read or unpacked. */
export async function readBytes(path: string): Promise<ByteReader> {
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

async function* unpacked(path: string): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  const done = pipeline(createReadStream(path), gunzip);
  done.catch(() => {}); // thrown by the loop below
  try {
    yield* gunzip;
  } catch (cause) {
    throw new Error(`data: ${path} cannot be unpacked by gzip; fetch it again`, { cause });
  }
  await done;
}
