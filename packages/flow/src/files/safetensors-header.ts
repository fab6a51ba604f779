/** Reads and checks the header of a safetensors file; `safetensors.ts` describes the format. */

import { isObject, parseJsonObject } from '../reading/parse-json.js';
import { show } from '../reading/show.js';

/** The array type of each dtype; half-precision floats are kept as their bits. */
export const dtypeArrays = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
  I32: Int32Array,
  U32: Uint32Array,
  I16: Int16Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const;

/** Element types of the format. */
export type SafetensorsDtype = keyof typeof dtypeArrays;

/** The header's entry for one tensor; `begin` and `end` count from the end of the header. */
export interface HeaderEntry {
  readonly name: string;
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** Room for the largest config (10 levels of 256 steps) with its moving averages and optimizer state. */
const maxTensors = 2 ** 18;
const maxMetadata = 2 ** 12;
/**
 * An entry has 4 keys (its name, dtype, shape, data_offsets) and at most 12 values (itself, those and their numbers). It
 * takes less than 256 bytes.
 */
const headerLimits = {
  where: 'safetensors: the header',
  maxLength: maxTensors * 256,
  maxValues: maxTensors * 12,
  maxKeys: maxTensors * 4 + 2 * maxMetadata,
};

export interface Header {
  readonly entries: readonly HeaderEntry[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Where the numbers begin in the file. */
  readonly dataStart: number;
}

/** The longest header of a file that is read, in bytes. */
export const maxHeaderBytes: number = headerLimits.maxLength;

/**
 * @param bytes of the file, from its start to the end of its header or farther.
 * @param fileBytes the size of the file; default: `bytes` are all of it.
 * @throws the errors of `parseSafetensors`.
 */
export function readHeader(bytes: Uint8Array, fileBytes: number = bytes.byteLength): Header {
  const dataStart = 8 + headerLength(bytes);
  const { __metadata__: metadata = {}, ...tensors } = parseJsonObject(
    bytes.subarray(8, dataStart),
    headerLimits,
  );
  const names = Object.keys(tensors);
  if (names.length > maxTensors) {
    throw new RangeError(`safetensors: expected at most ${maxTensors} tensors, got ${names.length}`);
  }
  const entries = names.map((name) => parseEntry(name, tensors[name]));
  checkCoverage(entries, fileBytes - dataStart);
  return { entries, metadata: parseMetadata(metadata), dataStart };
}

/** Other file types that are passed by mistake, by their first bytes. */
const mistaken: readonly (readonly [start: readonly number[], type: string])[] = [
  [[0x89, 0x50, 0x4e, 0x47], 'a PNG picture'],
  [[0x50, 0x4b, 0x03, 0x04], 'a zip archive (a .pt of PyTorch? glow-onnx import makes a checkpoint of it)'],
];

function headerLength(bytes: Uint8Array): number {
  if (bytes.byteLength < 8) {
    throw new SyntaxError(
      `safetensors: the file has ${bytes.byteLength} bytes, expected at least 8 for the length of its header; it is cut short`,
    );
  }
  if (bytes[8] !== 0x7b) {
    const known = mistaken.find(([start]) => start.every((byte, i) => bytes[i] === byte));
    throw new SyntaxError(
      `safetensors: ${known ? `this is ${known[1]}` : 'the header does not start with "{"'}; the file is not safetensors`,
    );
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  const limit = Math.min(headerLimits.maxLength, bytes.byteLength - 8);
  if (length > BigInt(limit)) {
    throw new RangeError(
      `safetensors: expected a header of at most ${limit} bytes, got ${length}; ` +
        'the file is cut short or damaged',
    );
  }
  return Number(length);
}

const isNatural = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function parseEntry(name: string, value: unknown): HeaderEntry {
  const where = `safetensors: tensor ${show(name)}`;
  if (!isObject(value)) throw new SyntaxError(`${where}: expected an object, got ${show(value)}`);
  const { dtype, shape, data_offsets: offsets, ...rest } = value;
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) throw new SyntaxError(`${where}: unknown field ${show(unknown)}`);
  if (typeof dtype !== 'string' || !Object.hasOwn(dtypeArrays, dtype)) {
    throw new SyntaxError(
      `${where}: expected a dtype of ${Object.keys(dtypeArrays).join(', ')}, got ${show(dtype)}; ` +
        'save the tensor in one of them, or update the @glow-onnx packages',
    );
  }
  if (!Array.isArray(shape) || !shape.every(isNatural)) {
    throw new SyntaxError(`${where}: expected a shape of natural numbers, got ${show(shape)}`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isNatural)) {
    throw new SyntaxError(`${where}: expected data_offsets [begin, end], got ${show(offsets)}`);
  }
  const [begin, end] = offsets as [number, number];
  const size = byteSize(dtype as SafetensorsDtype, shape);
  if (end - begin !== size) {
    throw new RangeError(
      `${where}: ${dtype} [${shape.join(', ').slice(0, 100)}] takes ${size} bytes, got ${end - begin} (${begin} to ${end})`,
    );
  }
  return { name, dtype: dtype as SafetensorsDtype, shape, begin, end };
}

/** Checks that the tensors, in the order of their data, fill the data area without overlaps and holes. */
function checkCoverage(entries: readonly HeaderEntry[], dataBytes: number): void {
  let filled = 0;
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== filled) {
      const fault = begin < filled ? 'overlaps the tensor before it' : 'leaves a hole before it';
      throw new RangeError(
        `safetensors: tensor ${show(name)} ${fault}: expected its data at ${filled}, got ${begin}`,
      );
    }
    if (end > dataBytes) {
      throw new RangeError(
        `safetensors: tensor ${show(name)} ends at ${end}, but the file has ${dataBytes} bytes of data; it is cut short`,
      );
    }
    filled = end;
  }
  if (filled !== dataBytes) {
    throw new RangeError(
      `safetensors: expected the file to end after the last tensor, got ${dataBytes - filled} bytes more`,
    );
  }
}

function parseMetadata(value: unknown): Record<string, string> {
  if (!isObject(value)) {
    throw new SyntaxError(`safetensors: expected __metadata__ to be an object, got ${show(value)}`);
  }
  const count = Object.keys(value).length;
  if (count > maxMetadata) {
    throw new RangeError(`safetensors: expected at most ${maxMetadata} metadata, got ${count}`);
  }
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') {
      throw new SyntaxError(`safetensors: expected metadata ${show(key)} to be a string, got ${show(text)}`);
    }
  }
  return Object.assign(Object.create(null), value);
}

/** Size of a tensor in bytes. For an absurd shape it is not a safe integer, so it equals no size in a file. */
export function byteSize(dtype: SafetensorsDtype, shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, dtypeArrays[dtype].BYTES_PER_ELEMENT);
}
