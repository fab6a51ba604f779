/** Reads an integer of 7 bits a byte at `at.position`, and moves the position. @throws SyntaxError if it does not end. */
export function readVarint(bytes: Uint8Array, at: { position: number }): number {
  let value = 0;
  for (let factor = 1; factor <= 2 ** 49; factor *= 128) {
    const byte = bytes[at.position++];
    if (byte === undefined) break;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) {
      if (Number.isSafeInteger(value)) return value;
      break;
    }
  }
  throw new SyntaxError('TensorFlow: an integer is damaged or above 2⁵³; the file is damaged');
}

/** The fields of a message, by number: integers, fixed32 as an integer too, and bytes. */
export type Message = ReadonlyMap<number, readonly (number | Uint8Array)[]>;

/** Reads a message of protobuf. @throws SyntaxError if it is damaged. */
export function readMessage(bytes: Uint8Array): Message {
  const fields = new Map<number, (number | Uint8Array)[]>();
  const at = { position: 0 };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const need = (count: number): number => {
    const from = at.position;
    at.position += count;
    if (at.position <= bytes.length) return from;
    throw new SyntaxError('TensorFlow: a message is cut short; the file is damaged');
  };
  const value = (wireType: number): number | Uint8Array => {
    if (wireType === 0) return readVarint(bytes, at);
    if (wireType === 5) return view.getUint32(need(4), true);
    if (wireType !== 2)
      throw new SyntaxError(`TensorFlow: a field has type ${wireType}; the file is damaged`);
    const length = readVarint(bytes, at);
    const from = need(length);
    return bytes.subarray(from, from + length);
  };
  while (at.position < bytes.length) {
    const tag = readVarint(bytes, at);
    const number = Math.floor(tag / 8);
    const values = fields.get(number) ?? [];
    values.push(value(tag % 8));
    fields.set(number, values);
  }
  return fields;
}
