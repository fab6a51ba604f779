import { float16Bits } from './float16.js';
import type { Constant, DType, Location } from './value.js';

/**
 * A file of external data that one or more graphs read. Tensors of equal content are stored once. The bytes are made
 * chunk by chunk when they are written, so a file may be larger than a buffer can be.
 */
export interface WeightsFile {
  readonly name: string;
  /** Size of the file so far. */
  readonly byteLength: number;
  /** Adds a tensor, unless the file has its content already. */
  add(tensor: Constant): Location;
  /** The file's content in order. */
  chunks(): Iterable<Uint8Array>;
}

interface Entry {
  readonly tensor: Constant;
  readonly location: Location;
}

/**
 * Tensors begin at multiples of 64 bytes, a cache line and the widest vector load, so a file mapped into memory can be
 * used in place. (Multiples of a page, 4096, would help only if the mapping is written to, and would make a small model
 * a tenth larger.)
 */
const ALIGNMENT = 64;

/**
 * Makes an empty weights file, which `encodeModel` fills and several graphs may share.
 * @param name the file's path, relative to the folder of the graphs.
 * @example
 * const weights = createWeightsFile('weights.bin');
 * await writeFile('encode.onnx', encodeModel(encode, { producer, weights }));
 * await writeFile('decode.onnx', encodeModel(decode, { producer, weights }));
 * await writeFile('weights.bin', weights.chunks());
 */
export function createWeightsFile(name: string): WeightsFile {
  const entries: Entry[] = [];
  const byArray = new Map<Float64Array, Location>();
  const byHash = new Map<string, Entry[]>();
  let byteLength = 0;
  const append = (tensor: Constant, length: number): Entry => {
    const offset = Math.ceil(byteLength / ALIGNMENT) * ALIGNMENT;
    const entry = { tensor, location: { file: name, offset, length } };
    byteLength = offset + length;
    entries.push(entry);
    return entry;
  };
  return {
    name,
    get byteLength() {
      return byteLength;
    },
    add(tensor) {
      const known = byArray.get(tensor.source.data);
      if (known) return known;
      const bytes = rawData(tensor);
      const hash = hashOf(bytes);
      const alike = byHash.get(hash) ?? [];
      let entry = alike.find((other) => sameBytes(rawData(other.tensor), bytes));
      if (!entry) {
        entry = append(tensor, bytes.length);
        byHash.set(hash, [...alike, entry]);
      }
      byArray.set(tensor.source.data, entry.location);
      return entry.location;
    },
    *chunks() {
      let position = 0;
      for (const { tensor, location } of entries) {
        if (location.offset > position) yield new Uint8Array(location.offset - position);
        yield rawData(tensor);
        position = location.offset + location.length;
      }
    },
  };
}

export const elementBytes: Readonly<Record<DType, number>> = { float32: 4, float16: 2, int8: 1, int64: 8 };

/** A tensor's elements as ONNX stores them: little-endian, like all platforms of Node except s390x. */
export function rawData({ dtype, source }: Constant): Uint8Array {
  switch (dtype) {
    case 'float32':
      return new Uint8Array(new Float32Array(source.data).buffer);
    case 'float16':
      return new Uint8Array(Uint16Array.from(source.data, float16Bits).buffer);
    case 'int8':
      return new Uint8Array(Int8Array.from(source.data).buffer);
    case 'int64':
      return new Uint8Array(BigInt64Array.from(Array.from(source.data, BigInt)).buffer);
    default:
      return dtype satisfies never;
  }
}

/**
 * Length and FNV-1a over 32-bit words, without the last bytes that are not a word. Equal hashes are then compared byte
 * by byte.
 */
function hashOf(bytes: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (const word of new Uint32Array(bytes.buffer, 0, bytes.length >> 2))
    hash = Math.imul(hash ^ word, 0x01000193);
  return `${bytes.length}:${hash}`;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
