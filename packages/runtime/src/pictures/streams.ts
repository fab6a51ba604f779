/**
 * Decompresses the zlib data of a PNG to a known length. It stops at that length, so that a small file cannot fill
 * the memory.
 * @throws RangeError if the data are longer or shorter; TypeError (from the platform) if they are broken.
 */
export async function inflate(parts: readonly Uint8Array[], length: number): Promise<Uint8Array> {
  const inflated = new Uint8Array(length);
  let at = 0;
  const reader = through(parts, new DecompressionStream('deflate')).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (at + value.length > length) {
      await reader.cancel();
      throw new RangeError(
        `the pixels of the PNG decompress to more than ${length} bytes, expected by its size`,
      );
    }
    inflated.set(value, at);
    at += value.length;
  }
  if (at < length) throw new RangeError(`the pixels of the PNG end after ${at} bytes, expected ${length}`);
  return inflated;
}

/** Compresses bytes to zlib data. */
export async function deflate(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = through([bytes], new CompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function through(
  parts: readonly Uint8Array[],
  transform: CompressionStream | DecompressionStream,
): ReadableStream<Uint8Array> {
  return new Blob(parts as Uint8Array<ArrayBuffer>[])
    .stream()
    .pipeThrough(transform as ReadableWritablePair<Uint8Array, Uint8Array<ArrayBuffer>>);
}
