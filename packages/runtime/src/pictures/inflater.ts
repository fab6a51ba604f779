import { BrokenImageError } from './broken-image.js';

/**
 * Decompresses zlib data, piece by piece as they are asked for. Each platform has its own.
 * @throws BrokenImageError if the data are broken or cut short, or if bytes follow them.
 */
export type Inflate = (parts: readonly Uint8Array[]) => AsyncGenerator<Uint8Array, void>;

/** Reads decompressed bytes in portions of known lengths. */
export interface Inflater {
  /** Fills all of `target` with the next bytes. @throws BrokenImageError if they are fewer, or broken. */
  fill(target: Uint8Array): Promise<void>;
  /** @throws BrokenImageError if more bytes follow. They are not decompressed: a small file cannot fill the memory. */
  finish(): Promise<void>;
  /** Ends the decompression, wherever it stands. */
  close(): Promise<void>;
}

/** @param expected bytes that the pieces should have, for error messages. */
export function createInflater(pieces: ReturnType<Inflate>, expected: number): Inflater {
  let left = new Uint8Array(0);
  let total = 0;
  const advance = async () => {
    const { done, value } = await pieces.next();
    if (done) return false;
    left = value as Uint8Array<ArrayBuffer>;
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
      while (left.length === 0) if (!(await advance())) return;
      throw new BrokenImageError(
        `the pixels of the PNG decompress to more than ${expected} bytes, expected by its size`,
      );
    },
    async close() {
      await pieces.return();
    },
  };
}
