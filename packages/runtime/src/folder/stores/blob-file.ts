import type { StoredFile } from '../model-store.js';

/** The members of a `Blob` or `File` that are used here. */
export interface BlobLike {
  readonly size: number;
  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

const pieceBytes = 2 ** 20;

/** A file from a Blob, read in pieces of 1 MiB. */
export function blobFile(blob: BlobLike): StoredFile {
  return {
    size: blob.size,
    async *pieces() {
      for (let at = 0; at < blob.size; at += pieceBytes) {
        yield new Uint8Array(await blob.slice(at, at + pieceBytes).arrayBuffer());
      }
    },
  };
}
