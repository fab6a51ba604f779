import * as zlib from 'node:zlib';
import { crc32, show } from '@glow-onnx/flow/internal';
import type { Budget } from './budget.js';

/** A zip archive. Sizes are checked before memory is taken, and the CRC-32 of what is read. */
export interface Zip {
  readonly names: readonly string[];
  /** A view of the archive if the entry is stored, as in PyTorch. @throws SyntaxError, RangeError if it is damaged. */
  read(name: string): Uint8Array;
}

interface Entry {
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packedSize: number;
  readonly size: number;
  readonly offset: number;
}

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;
const maxComment = 2 ** 16 - 1;
const inZip64 = 2 ** 32 - 1;

/**
 * Opens a zip archive of less than 4 GiB. Source: PKWARE, APPNOTE.TXT 6.3.10, §4.3.
 * @throws SyntaxError if the bytes are no zip archive, or an entry is encrypted or compressed in another way than deflate.
 * @throws RangeError if sizes do not match, entries share bytes, or the budget does not suffice.
 */
export function openZip(bytes: Uint8Array, budget: Budget): Zip {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries = readDirectory(bytes, view);
  return {
    names: [...entries.keys()],
    read(name) {
      const entry = entries.get(name);
      if (!entry) throw new RangeError(`zip: the entry ${show(name)} is missing; the file is cut short`);
      const found = unpack(name, packedBytes(name, entry, bytes, view), entry, budget);
      if (checksum(found) !== entry.crc) {
        throw new RangeError(
          `zip: the entry ${show(name)} has another CRC-32 than stated; the file is damaged`,
        );
      }
      return found;
    },
  };
}

function readDirectory(bytes: Uint8Array, view: DataView): Map<string, Entry> {
  const end = findEnd(bytes, view);
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  if (count === 0xffff || at === inZip64) {
    throw new RangeError('zip: archives of 4 GiB or 65,535 entries are not read; save as safetensors');
  }
  const entries = new Map<string, Entry>();
  for (let i = 0; i < count; i++) {
    if (at + ENTRY_BYTES > end || view.getUint32(at, true) !== ENTRY) {
      throw new SyntaxError(`zip: entry ${i} of ${count} is missing; the file is damaged`);
    }
    const nameEnd = at + ENTRY_BYTES + view.getUint16(at + 28, true);
    const name = new TextDecoder().decode(bytes.subarray(at + ENTRY_BYTES, nameEnd));
    if (entries.has(name)) throw new SyntaxError(`zip: the entry ${show(name)} is there twice`);
    entries.set(name, {
      flags: view.getUint16(at + 8, true),
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packedSize: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      offset: view.getUint32(at + 42, true),
    });
    at = nameEnd + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  checkApart(entries);
  return entries;
}

/** Entries that share bytes would be read, unpacked and summed once each. */
function checkApart(entries: ReadonlyMap<string, Entry>): void {
  let end = 0;
  for (const [name, { offset, packedSize }] of [...entries].sort(([, a], [, b]) => a.offset - b.offset)) {
    if (offset < end) {
      throw new RangeError(`zip: the entry ${show(name)} shares bytes with another; the file is damaged`);
    }
    end = offset + LOCAL_BYTES + packedSize;
  }
}

function findEnd(bytes: Uint8Array, view: DataView): number {
  const last = bytes.length - END_BYTES;
  for (let at = last; at >= Math.max(0, last - maxComment); at--) {
    if (view.getUint32(at, true) === END) return at;
  }
  throw new SyntaxError('zip: the list of entries is missing; the file is cut short');
}

function packedBytes(name: string, entry: Entry, bytes: Uint8Array, view: DataView): Uint8Array {
  const { offset, packedSize } = entry;
  const known = offset + LOCAL_BYTES <= bytes.length && view.getUint32(offset, true) === LOCAL;
  const start = known
    ? offset + LOCAL_BYTES + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true)
    : Number.POSITIVE_INFINITY;
  if (start + packedSize > bytes.length) {
    throw new RangeError(
      `zip: the entry ${show(name)} lies outside the file; the file is cut short or damaged`,
    );
  }
  return bytes.subarray(start, start + packedSize);
}

function unpack(
  name: string,
  packed: Uint8Array,
  { flags, method, size }: Entry,
  budget: Budget,
): Uint8Array {
  const where = `zip: the entry ${show(name)}`;
  if (flags & 1) throw new SyntaxError(`${where} is encrypted; save the file without a password`);
  if (method === 0 && packed.length === size) return packed;
  if (method !== 8) {
    throw new SyntaxError(
      `${where}: expected stored or deflated bytes, got method ${method} of ${size} bytes`,
    );
  }
  budget.take(size, where);
  const found = inflate(packed, size, where);
  if (found.length === size) return found;
  throw new RangeError(`${where}: expected ${size} bytes, got ${found.length}; the file is damaged`);
}

function inflate(packed: Uint8Array, size: number, where: string): Uint8Array {
  try {
    // Without room for one byte, zlib takes the limit as its default.
    return zlib.inflateRawSync(packed, { maxOutputLength: Math.max(size, 1) });
  } catch (cause) {
    throw new RangeError(`${where} cannot be unpacked to its ${size} bytes; the file is damaged`, { cause });
  }
}

/** Node 22 has a fast one. */
const checksum: (bytes: Uint8Array) => number =
  'crc32' in zlib ? (zlib.crc32 as (bytes: Uint8Array) => number) : crc32;
