import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import type { OwnBytes } from '@glow-onnx/flow/internal';
import { explained } from './explain-system-error.js';

/** Bytes per read. One read of a file gives less than 2 GiB. */
const PIECE = 2 ** 30;
/** Bytes per read of a pipe. */
const PIPE_PIECE = 2 ** 16;
const PIPE_WAIT_MS = 10;

/**
 * Reads a file or a pipe into one array. Unlike `readFile` of Node it also reads files of 2 GiB and more, and the process
 * can exit while it waits for the writer of a pipe.
 * @param limit the largest file to read, in bytes.
 * @throws Error that names the path and the reason if it cannot be read, or if the file becomes shorter while it is
 *   read; RangeError if it is larger than the limit, or Node has no array of that size (Node 20: at most 4 GiB).
 */
export async function readWholeFile(path: string, limit = Number.POSITIVE_INFINITY): Promise<OwnBytes> {
  return explained('read', path, async () => {
    const found = await stat(path);
    if (found.isFIFO()) return readPipe(path, limit);
    if (!found.isFile() && !found.isDirectory()) throw new Error(`${path} is not a file`);
    if (found.size > limit) {
      throw new RangeError(`${path} has ${found.size} bytes, expected at most ${limit}`);
    }
    if (found.size === 0) return readToEnd(path, limit); // an empty file, or one of unknown size in /proc
    return readRegularFile(path, found.size);
  });
}

async function readRegularFile(path: string, size: number): Promise<OwnBytes> {
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

async function readToEnd(path: string, limit: number): Promise<OwnBytes> {
  const file = await open(path);
  const pieces = collect(path, limit);
  try {
    for await (const piece of file.createReadStream({ autoClose: false })) pieces.add(piece);
  } finally {
    await file.close();
  }
  return pieces.join();
}

/** Joins pieces. Refuses the first that is beyond the limit. */
function collect(path: string, limit: number) {
  const pieces: Uint8Array[] = [];
  let size = 0;
  return {
    add(piece: Uint8Array): void {
      size += piece.length;
      if (size > limit)
        throw new RangeError(`${path} has more than ${limit} bytes, expected at most ${limit}`);
      pieces.push(piece);
    },
    join(): OwnBytes {
      const bytes = allocate(path, size);
      let at = 0;
      for (const piece of pieces) {
        bytes.set(piece, at);
        at += piece.length;
      }
      return bytes;
    },
  };
}

/**
 * Reads a pipe without blocking: a thread that waits for its writer would also keep the process from exiting. A pipe
 * without a writer gives 0 bytes, before the writer comes as after it has ended.
 */
async function readPipe(path: string, limit: number): Promise<OwnBytes> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const pieces = collect(path, limit);
  try {
    for (let begun = false; ; ) {
      const piece = await readNow(file);
      if (piece?.length === 0 && begun) break;
      if (piece?.length) pieces.add(piece);
      else await setTimeout(PIPE_WAIT_MS);
      begun ||= piece === undefined || piece.length > 0;
    }
  } finally {
    await file.close();
  }
  return pieces.join();
}

/** The bytes that are in the pipe. Empty if it has no writer; undefined if its writer has not written yet. */
async function readNow(file: FileHandle): Promise<Uint8Array | undefined> {
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(PIPE_PIECE));
    return buffer.slice(0, bytesRead); // a copy: a slow writer gives few bytes at a time
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
    throw error;
  }
}

function allocate(path: string, size: number): OwnBytes {
  try {
    return new Uint8Array(size);
  } catch (cause) {
    throw new RangeError(
      `${path} has ${size} bytes, more than one array can hold in Node ${process.version}; use Node 22 or newer, or more memory`,
      { cause },
    );
  }
}
