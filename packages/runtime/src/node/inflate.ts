import { createInflate } from 'node:zlib';
import { BrokenImageError } from '../pictures/broken-image.js';

/** By zlib itself: the `DecompressionStream` of Node 20 ignores bytes that follow the data. */
export async function* inflate(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void> {
  const stream = createInflate({ chunkSize: 2 ** 16 });
  let length = 0;
  for (const part of parts.filter((each) => each.length > 0)) {
    stream.write(part);
    length += part.length;
  }
  stream.end();
  try {
    yield* stream;
  } catch (cause) {
    throw new BrokenImageError('the compressed pixels of the PNG are broken', { cause });
  }
  if (stream.bytesWritten < length) {
    throw new BrokenImageError('the compressed pixels of the PNG are broken: bytes follow them');
  }
}
