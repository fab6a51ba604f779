import { BrokenImageError } from './broken-image.js';

/** Bytes that go into the decompressor at a time. It gives out at most 1032 times as many. */
const pieceBytes = 2 ** 14;

/** Decompresses the zlib data of a PNG, piece by piece as they are asked for. */
export interface Inflater {
  /** Fills all of `target` with the next bytes. @throws BrokenImageError if they are fewer, or broken. */
  fill(target: Uint8Array): Promise<void>;
  /** @throws BrokenImageError if more bytes follow. They are not decompressed: a small file cannot fill the memory. */
  finish(): Promise<void>;
  /** Ends the decompression, wherever it stands. */
  close(): Promise<void>;
}

/** @param expected bytes that the data should decompress to, for error messages. */
export function createInflater(parts: readonly Uint8Array[], expected: number): Inflater {
  const pieces = inflate(parts);
  let left = new Uint8Array(0);
  let total = 0;
  const advance = async () => {
    const { done, value } = await pieces.next();
    if (done) return false;
    left = value;
    total += value.length;
    return true;
  };
  return {
    async fill(target) {
      for (let filled = 0; filled < target.length; ) {
        if (left.length === 0 && !(await advance())) {
          throw new BrokenImageError(`the pixels of the PNG end after ${total} bytes, expected ${expected}`);
        }
        const part = left.subarray(0, target.length - filled);
        target.set(part, filled);
        filled += part.length;
        left = left.subarray(part.length);
      }
    },
    async finish() {
      if (left.length === 0 && !(await advance())) return;
      throw new BrokenImageError(
        `the pixels of the PNG decompress to more than ${expected} bytes, expected by its size`,
      );
    },
    async close() {
      await pieces.return();
    },
  };
}

/**
 * Decompresses zlib data. They must end with their own checksum: some decompressors ignore bytes behind the data,
 * others refuse them.
 */
async function* inflate(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const reader = piecesOf(parts)
    .pipeThrough(bytesTo(new DecompressionStream('deflate')))
    .getReader();
  let sum: Adler32 = { low: 1, high: 0 };
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause) => {
        throw new BrokenImageError('the compressed pixels of the PNG are broken', { cause });
      });
      if (done) break;
      sum = adler32(sum, value);
      if (value.length > 0) yield value;
    }
  } finally {
    await reader.cancel().catch(() => {}); // what has failed cannot be cancelled
  }
  const expected = [sum.high >> 8, sum.high, sum.low >> 8, sum.low].map((byte) => byte & 255);
  const end = lastBytes(parts, 4);
  if (!expected.every((byte, i) => byte === end[i])) {
    throw new BrokenImageError('the compressed pixels of the PNG do not end with their checksum');
  }
}

/** The two halves of an Adler-32 checksum. Source: RFC 1950, §8.2. */
interface Adler32 {
  readonly low: number;
  readonly high: number;
}

function adler32({ low, high }: Adler32, bytes: Uint8Array): Adler32 {
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(at + 3800, bytes.length); // the sums stay below 2³¹
    for (; at < end; at++) {
      low += bytes[at] as number;
      high += low;
    }
    low %= 65521;
    high %= 65521;
  }
  return { low, high };
}

function lastBytes(parts: readonly Uint8Array[], count: number): number[] {
  const bytes: number[] = [];
  for (let i = parts.length - 1; i >= 0 && bytes.length < count; i--) {
    bytes.unshift(...(parts[i] as Uint8Array).subarray(bytes.length - count));
  }
  return bytes.slice(-count);
}

/** Compresses bytes to zlib data. */
export async function deflate(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = piecesOf([bytes]).pipeThrough(bytesTo(new CompressionStream('deflate')));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function piecesOf(parts: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  let [part, at] = [0, 0];
  return new ReadableStream({
    pull(controller) {
      while (part < parts.length && at >= (parts[part] as Uint8Array).length) [part, at] = [part + 1, 0];
      if (part === parts.length) return controller.close();
      controller.enqueue((parts[part] as Uint8Array).subarray(at, at + pieceBytes));
      at += pieceBytes;
    },
  });
}

/** The stream types of TypeScript's two libraries, DOM and Node, differ. */
function bytesTo(transform: CompressionStream | DecompressionStream) {
  return transform as ReadableWritablePair<Uint8Array<ArrayBuffer>, Uint8Array>;
}
