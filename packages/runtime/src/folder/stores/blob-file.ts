import type { StoredFile } from '../model-store.js';

/** What is used of a Blob or File; Node's and browsers' have it. */
export interface BlobLike {
  readonly size: number;
  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

const pieceBytes = 2 ** 20;

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
