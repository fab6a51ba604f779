import type { OwnBytes } from './files/own-bytes.js';

/**
 * The safetensors file format of Hugging Face: a little-endian u64 N, N bytes of JSON
 * { name: { dtype, shape, data_offsets: [begin, end] }, "__metadata__": { string: string } }, then the numbers,
 * little-endian and row-major, without a hole. Source: github.com/huggingface/safetensors, README, "Format".
 *
 * Numbers are read and written in the byte order of the host; all supported platforms are little-endian.
 */

import {
  byteSize,
  dtypeArrays,
  type Header,
  type HeaderEntry,
  maxHeaderBytes,
  readHeader,
  type SafetensorsDtype,
} from './files/safetensors-header.js';
import { show } from './reading/show.js';

export { dtypeArrays, type Header, type HeaderEntry, maxHeaderBytes, readHeader, type SafetensorsDtype };

/** A tensor of a file: row-major numbers. Half-precision floats (F16, BF16) are given as their bits. */
export type SafetensorsTensor = {
  [D in SafetensorsDtype]: {
    readonly dtype: D;
    readonly shape: readonly number[];
    readonly data: InstanceType<(typeof dtypeArrays)[D]>;
  };
}[SafetensorsDtype];

/** A tensor to write. Floats are rounded to `dtype`. */
export type SafetensorsInput =
  | SafetensorsTensor
  | {
      readonly dtype: 'F32' | 'F64';
      readonly shape: readonly number[];
      readonly data: Float32Array | Float64Array;
    };

/** The contents of a file. */
export interface SafetensorsFile {
  /** By name. The object has no prototype, so every name is safe to look up. */
  readonly tensors: Readonly<Record<string, SafetensorsTensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

// The library compiles without the types of Node and browsers; both have this class.
declare class TextEncoder {
  encode(text: string): Uint8Array;
}

/**
 * Reads a safetensors file. Data are views of `bytes` if their alignment allows it, else copies.
 * @throws SyntaxError if the file is not safetensors: it has no header, or the header is not a JSON object of this
 * form.
 * @throws RangeError if the header does not match the file: sizes, bounds, overlaps, holes, surplus bytes.
 * @example
 * const { tensors, metadata } = parseSafetensors(await readFile('weights.safetensors'));
 */
export function parseSafetensors(bytes: Uint8Array): SafetensorsFile {
  const { entries, metadata, dataStart } = readHeader(bytes);
  const tensors: Record<string, SafetensorsTensor> = Object.create(null);
  for (const { name, dtype, shape, begin, end } of entries) {
    const data = elementsOf(dtype, bytes.subarray(dataStart + begin, dataStart + end));
    tensors[name] = { dtype, shape, data } as SafetensorsTensor;
  }
  return { tensors, metadata };
}

/** The numbers in these bytes: a view if their alignment allows it, else a copy. */
export function elementsOf(dtype: SafetensorsDtype, bytes: Uint8Array): SafetensorsTensor['data'] {
  const ArrayType = dtypeArrays[dtype];
  const count = bytes.length / ArrayType.BYTES_PER_ELEMENT;
  return bytes.byteOffset % ArrayType.BYTES_PER_ELEMENT === 0
    ? new ArrayType(bytes.buffer as ArrayBuffer, bytes.byteOffset, count)
    : new ArrayType(new Uint8Array(bytes).buffer);
}

/**
 * Writes a safetensors file in one buffer. Equal contents give equal bytes.
 * @throws RangeError naming a tensor whose shape does not match its data.
 * @example
 * const bytes = encodeSafetensors({ x: { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) } });
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, SafetensorsInput>>,
  metadata: Readonly<Record<string, string>> = {},
): OwnBytes {
  const { names, head, dataBytes } = plan(tensors, metadata);
  const bytes = new Uint8Array(head.length + dataBytes);
  let offset = 0;
  for (const part of partsOf(tensors, names, head)) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** The bytes of `encodeSafetensors` part by part; copies one tensor at a time. @throws the same errors. */
export function safetensorsParts(
  tensors: Readonly<Record<string, SafetensorsInput>>,
  metadata: Readonly<Record<string, string>> = {},
): Iterable<Uint8Array> {
  const { names, head } = plan(tensors, metadata);
  return partsOf(tensors, names, head);
}

/**
 * The bytes of a file of one float32 tensor part by part, from its rows along the first axis, so that they are never in
 * memory twice.
 * @throws RangeError unless there is a row, and all have the first one's size.
 * @example
 * const parts = safetensorsOfRows('x', [{ shape: [2], data: Float32Array.of(1, 2) }]); // x: [1, 2]
 */
export function safetensorsOfRows(
  name: string,
  rows: readonly { readonly shape: readonly number[]; readonly data: Float32Array }[],
  metadata: Readonly<Record<string, string>> = {},
): Iterable<Uint8Array> {
  const [first] = rows;
  const other = rows.findIndex(({ data }) => data.length !== first.data.length);
  if (first === undefined || other >= 0) {
    throw new RangeError(
      `safetensors: tensor ${show(name)}: ${first ? `row ${other} has another size than row 0` : 'there is no row'}`,
    );
  }
  const shape = [rows.length, ...first.shape];
  const length = rows.length * first.data.length;
  const { head } = plan({ [name]: { dtype: 'F32', shape, data: { length } } }, metadata);
  return [head, ...rows.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength))];
}

function* partsOf(
  tensors: Readonly<Record<string, SafetensorsInput>>,
  names: readonly string[],
  head: Uint8Array,
): Generator<Uint8Array> {
  yield head;
  for (const name of names) {
    const { dtype, data } = tensors[name];
    const numbers = new dtypeArrays[dtype](data.length) as Float64Array;
    numbers.set(data as Float64Array);
    yield new Uint8Array(numbers.buffer);
  }
}

interface Planned extends Pick<SafetensorsInput, 'dtype' | 'shape'> {
  readonly data: { readonly length: number };
}

/**
 * Plans the file: the order of the tensors, the bytes before their numbers, and the size of the numbers. The order does
 * not depend on the caller: widest dtype first, then by name, like the reference implementation. So all data are
 * aligned and equal contents give equal bytes.
 */
function plan(
  tensors: Readonly<Record<string, Planned>>,
  metadata: Readonly<Record<string, string>>,
): { names: readonly string[]; head: Uint8Array; dataBytes: number } {
  const width = (name: string) => dtypeArrays[tensors[name].dtype].BYTES_PER_ELEMENT;
  const names = Object.keys(tensors).sort((a, b) => width(b) - width(a) || (a < b ? -1 : 1));
  const header: [string, unknown][] = [];
  const metadataKeys = Object.keys(metadata).sort();
  if (metadataKeys.length > 0) {
    header.push(['__metadata__', Object.fromEntries(metadataKeys.map((key) => [key, metadata[key]]))]);
  }
  let dataBytes = 0;
  for (const name of names) {
    const { dtype, shape, data } = tensors[name];
    const end = dataBytes + byteSize(dtype, shape);
    if (name === '__metadata__') throw new RangeError('safetensors: a tensor cannot be called __metadata__');
    if (data.length * dtypeArrays[dtype].BYTES_PER_ELEMENT !== end - dataBytes) {
      throw new RangeError(
        `safetensors: tensor ${show(name)}: shape [${shape.join(', ')}] does not hold ${data.length} numbers`,
      );
    }
    header.push([name, { dtype, shape, data_offsets: [dataBytes, end] }]);
    dataBytes = end;
  }
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const dataStart = 8 + Math.ceil(text.length / 8) * 8;
  const head = new Uint8Array(dataStart).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(dataStart - 8), true);
  head.set(text, 8);
  return { names, head, dataBytes };
}

/** A tensor's numbers as float64. Exact, except for 64-bit integers beyond 2⁵³. */
export function safetensorsNumbers({ dtype, data }: SafetensorsTensor): Float64Array {
  switch (dtype) {
    case 'F16':
      return Float64Array.from(data, halfToNumber);
    case 'BF16':
      return new Float64Array(new Float32Array(Uint32Array.from(data, (bits) => bits << 16).buffer));
    case 'I64':
    case 'U64':
      return Float64Array.from(data as unknown as ArrayLike<bigint>, Number);
    default:
      return new Float64Array(data);
  }
}

/** 1 sign bit, 5 of exponent (bias 15), 10 of fraction. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}
