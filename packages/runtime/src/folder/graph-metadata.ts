/**
 * The `metadata_props` of an ONNX file by key. Of the protobuf message ModelProto it reads field 14 alone, entries of key
 * (field 1) and value (field 2).
 * @param where the file in messages.
 * @throws SyntaxError if the file is not such a message, or repeats a key.
 */
export function readGraphMetadata(model: Uint8Array, where: string): ReadonlyMap<string, string> {
  const metadata = new Map<string, string>();
  for (const { field, bytes } of fieldsOf(model, where)) {
    if (field !== 14) continue;
    const entry = new Map([...fieldsOf(bytes, where)].map((part) => [part.field, utf8.decode(part.bytes)]));
    const key = entry.get(1) ?? '';
    if (metadata.has(key))
      throw new SyntaxError(`${where}: its metadata have a key twice; export the model again`);
    metadata.set(key, entry.get(2) ?? '');
  }
  return metadata;
}

const utf8 = /* @__PURE__ */ new TextDecoder();

/** The fields of a protobuf message. A field that is a varint comes without bytes. */
function* fieldsOf(message: Uint8Array, where: string): Generator<{ field: number; bytes: Uint8Array }> {
  let at = 0;
  const fault = () => new SyntaxError(`${where} is not an ONNX file; copy the model folder again`);
  const varint = () => {
    let value = 0;
    for (let place = 1; place < 2 ** 70; place *= 128) {
      const byte = message[at++];
      if (byte === undefined) break;
      value += (byte & 127) * place;
      if (byte < 128) return value;
    }
    throw fault();
  };
  const sizeOf: Record<number, () => number> = { 0: () => varint() * 0, 1: () => 8, 2: varint, 5: () => 4 };
  while (at < message.length) {
    const tag = varint();
    const size = sizeOf[tag % 8]?.() ?? Number.NaN;
    if (!(size <= message.length - at)) throw fault();
    yield { field: Math.floor(tag / 8), bytes: message.subarray(at, at + size) };
    at += size;
  }
}
