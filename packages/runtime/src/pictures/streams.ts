/**
 * Inflates zlib data as they come, up to a known length, so that a small file cannot fill the memory.
 * @throws RangeError if there is more or less; TypeError (the platform's) if the data are broken.
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
      throw new RangeError(`a PNG whose pixels inflate to more than the ${length} bytes of its size`);
    }
    inflated.set(value, at);
    at += value.length;
  }
  if (at < length) throw new RangeError(`a PNG whose pixels end after ${at} of ${length} bytes`);
  return inflated;
}

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
