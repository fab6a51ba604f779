import { BrokenImageError } from '../pictures/broken-image.js';

/** Bytes that go into the decompressor at a time. It gives out at most 1032 times as many. */
const pieceBytes = 2 ** 14;

/** By `DecompressionStream`. It refuses bytes that follow the data, as its specification demands. */
export async function* inflate(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void> {
  const decompression: ReadableWritablePair = new DecompressionStream('deflate');
  const reader = piecesOf(parts).pipeThrough<Uint8Array>(decompression).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch (cause) {
    throw new BrokenImageError('the compressed pixels of the PNG are broken', { cause });
  } finally {
    await reader.cancel().catch(() => {}); // what has failed cannot be cancelled
  }
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
