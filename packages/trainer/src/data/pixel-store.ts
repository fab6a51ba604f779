import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Images of one size, as bytes, in the order in which they were added. */
export interface PixelStore {
  readonly count: number;
  /** Bytes of pixels in memory: all, or 0 if they are in a file. */
  readonly heldBytes: number;
  /** sha256 of all images in their order, in hexadecimal digits. */
  readonly sha256: string;
  /** Copies images, one after the other. Each index must be below `count`. */
  read(indices: ArrayLike<number>): Promise<Uint8Array>;
  close(): Promise<void>;
}

export interface PixelWriter {
  /**
   * @param original the image that counts for `sha256`, if `image` is a conversion that depends on options.
   * @throws Error if the images need a file and the disk is full.
   */
  add(image: Uint8Array, original?: Uint8Array): Promise<void>;
  finish(): Promise<PixelStore>;
  /** To be called instead of `finish` after an error. */
  discard(): Promise<void>;
}

/** Bytes that are written to the file at once. */
const CHUNK_BYTES = 2 ** 24;

/**
 * Stores images one by one. Up to `maxBytes` stay in memory (default: a quarter of the available memory). If there are
 * more, all go to a temporary file, which has no name and ends with the process.
 */
export function createPixelWriter(bytesPerImage: number, maxBytes = Math.floor(memory() / 4)): PixelWriter {
  const perChunk = Math.max(1, Math.floor(Math.min(CHUNK_BYTES, maxBytes / 4) / bytesPerImage));
  const chunks: Uint8Array[] = [];
  const hash = createHash('sha256');
  let count = 0;
  let file: FileHandle | undefined;

  const spill = async (): Promise<void> => {
    file ??= await openTemporary();
    for (const chunk of chunks) await file.writeFile(chunk).catch(explainFull);
    chunks.length = 0;
  };
  const trimLast = (): void => {
    const last = chunks.pop();
    if (last) chunks.push(last.subarray(0, (count % perChunk || perChunk) * bytesPerImage));
  };

  return {
    async add(image, original = image) {
      hash.update(original);
      if (count % perChunk === 0) {
        if (file || (count + perChunk) * bytesPerImage > maxBytes) await spill();
        chunks.push(new Uint8Array(perChunk * bytesPerImage));
      }
      chunks.at(-1)?.set(image, (count % perChunk) * bytesPerImage);
      count++;
    },
    async finish() {
      trimLast();
      const sha256 = hash.digest('hex');
      if (!file) return inMemory(chunks, { count, size: bytesPerImage, sha256 }, perChunk);
      await spill();
      return inFile(file, { count, size: bytesPerImage, sha256 });
    },
    discard: async () => file?.close(),
  };
}

/** Bytes that this process may still take. `constrainedMemory` is 0 without a limit. */
function memory(): number {
  return Math.min(process.availableMemory(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
}

/** A store of images that are already in memory, one after the other. */
export function pixelsOf(bytes: Uint8Array, bytesPerImage: number): PixelStore {
  const count = bytes.length / bytesPerImage;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return inMemory([bytes], { count, size: bytesPerImage, sha256 }, count);
}

/** Facts about stored images; `size` is the bytes of one. */
interface Stored {
  readonly count: number;
  readonly size: number;
  readonly sha256: string;
}

function inMemory(
  chunks: readonly Uint8Array[],
  { count, size, sha256 }: Stored,
  perChunk: number,
): PixelStore {
  return {
    count,
    sha256,
    heldBytes: count * size,
    async read(indices) {
      const images = new Uint8Array(indices.length * size);
      for (let i = 0; i < indices.length; i++) {
        const from = (indices[i] % perChunk) * size;
        images.set(chunks[Math.floor(indices[i] / perChunk)].subarray(from, from + size), i * size);
      }
      return images;
    },
    close: async () => {},
  };
}

function inFile(file: FileHandle, { count, size, sha256 }: Stored): PixelStore {
  return {
    count,
    sha256,
    heldBytes: 0,
    async read(indices) {
      const images = new Uint8Array(indices.length * size);
      await Promise.all(Array.from(indices, (index, i) => file.read(images, i * size, size, index * size)));
      return images;
    },
    close: () => file.close(),
  };
}

/** Opens a file and removes its name, so that no crash leaves it behind. Windows keeps the name until it is closed. */
async function openTemporary(): Promise<FileHandle> {
  const path = join(temporaryFolder(), `glow-pixels-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600).catch(explainFull);
  await rm(path).catch(() => {});
  return file;
}

/** TMPDIR or /var/tmp, because /tmp may be in memory. */
function temporaryFolder(): string {
  return process.env.TMPDIR || (existsSync('/var/tmp') ? '/var/tmp' : tmpdir());
}

function explainFull(cause: NodeJS.ErrnoException): never {
  throw new Error(
    `data: it needs more than memory and cannot be stored in ${temporaryFolder()} (${cause.code}); ` +
      'set TMPDIR to a folder with more space, or take fewer items with --limit',
    { cause },
  );
}
