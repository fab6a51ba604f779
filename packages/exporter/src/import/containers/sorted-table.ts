import { crc32c, maskedCrc32c } from './crc32c.js';
import { readVarint } from './protobuf.js';

/** An entry of a table. */
export interface TableEntry {
  readonly key: string;
  readonly value: Uint8Array;
}

const MAGIC = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];
const FOOTER_BYTES = 48;
/** Behind each block: its compression, and a CRC-32C. */
const TRAILER_BYTES = 5;
/** Tensors of a checkpoint, as in safetensors. */
const maxEntries = 2 ** 18;
/** A key may share its beginning with the one before, so a small file can have long ones. */
const maxKey = 1024;

/** Whether bytes are a sorted table of LevelDB. */
export function isTable(bytes: Uint8Array): boolean {
  const start = bytes.length - MAGIC.length;
  return bytes.length >= FOOTER_BYTES && MAGIC.every((byte, i) => bytes[start + i] === byte);
}

/**
 * Reads a sorted table of LevelDB, as TensorFlow writes it: blocks without compression.
 * Source: LevelDB, doc/table_format.md.
 * @throws SyntaxError, RangeError if it is damaged or compressed.
 */
export function* readTable(bytes: Uint8Array): Generator<TableEntry> {
  if (!isTable(bytes))
    throw new SyntaxError('TensorFlow: the index does not end as a table does; it is cut short');
  const footer = bytes.subarray(bytes.length - FOOTER_BYTES);
  const at = { position: 0 };
  readHandle(footer, at); // of the block of filters
  let count = 0;
  let end = 0;
  for (const { value } of readBlock(blockAt(bytes, footer, at))) {
    const block = blockAt(bytes, value, { position: 0 });
    if (block.byteOffset - bytes.byteOffset < end) {
      throw new SyntaxError('TensorFlow: blocks of the index share bytes; the file is damaged');
    }
    end = block.byteOffset - bytes.byteOffset + block.length;
    for (const entry of readBlock(block)) {
      if (count++ === maxEntries) throw new RangeError(`TensorFlow: expected at most ${maxEntries} tensors`);
      yield entry;
    }
  }
}

function readHandle(bytes: Uint8Array, at: { position: number }): { offset: number; size: number } {
  const offset = readVarint(bytes, at);
  return { offset, size: readVarint(bytes, at) };
}

function blockAt(bytes: Uint8Array, handle: Uint8Array, at: { position: number }): Uint8Array {
  const { offset, size } = readHandle(handle, at);
  const end = offset + size;
  if (end + TRAILER_BYTES > bytes.length) {
    throw new RangeError('TensorFlow: a block lies outside the index; the file is damaged');
  }
  if (bytes[end] !== 0) throw new SyntaxError('TensorFlow: the index is compressed, which is not read');
  const stated = new DataView(bytes.buffer, bytes.byteOffset + end + 1, 4).getUint32(0, true);
  if (maskedCrc32c(crc32c(bytes.subarray(offset, end + 1))) !== stated) {
    throw new RangeError('TensorFlow: a block has another CRC-32C than stated; the file is damaged');
  }
  return bytes.subarray(offset, end);
}

/** Entries: shared, unshared and value length, the unshared end of the key, the value. Then restarts, and their number. */
function* readBlock(block: Uint8Array): Generator<TableEntry> {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  const restarts = block.length < 4 ? 0 : view.getUint32(block.length - 4, true);
  const end = block.length - 4 - 4 * restarts;
  if (end < 0) throw new SyntaxError('TensorFlow: a block is cut short; the file is damaged');
  const at = { position: 0 };
  let key = new Uint8Array(0);
  while (at.position < end) {
    const shared = readVarint(block, at);
    const unshared = readVarint(block, at);
    const length = readVarint(block, at);
    const start = at.position;
    at.position += unshared + length;
    if (shared > key.length || at.position > end || shared + unshared > maxKey) {
      throw new SyntaxError('TensorFlow: an entry of the index is damaged');
    }
    const next = new Uint8Array(shared + unshared);
    next.set(key.subarray(0, shared));
    next.set(block.subarray(start, start + unshared), shared);
    key = next;
    yield { key: decoder.decode(key), value: block.subarray(start + unshared, at.position) };
  }
}

const decoder = new TextDecoder();
