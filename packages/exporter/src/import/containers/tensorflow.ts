import {
  dtypeArrays,
  type SafetensorsDtype,
  type SafetensorsTensor,
  show,
  sizeOf,
} from '@glow-onnx/flow/internal';
import type { Tensors } from '../foreign-weights.js';
import { budgetOf, tensorBytes } from './budget.js';
import { crc32c, maskedCrc32c } from './crc32c.js';
import { readMessage } from './protobuf.js';
import { isTable, readTable } from './sorted-table.js';
import { maxAxes, rowMajor } from './strided.js';

/** TensorFlow's element types, by their number in tensorflow/core/framework/types.proto. */
const dtypes: Readonly<Record<number, SafetensorsDtype>> = {
  1: 'F32',
  2: 'F64',
  3: 'I32',
  4: 'U8',
  5: 'I16',
  6: 'I8',
  9: 'I64',
  10: 'BOOL',
  14: 'BF16',
  17: 'U16',
  19: 'F16',
  22: 'U32',
  23: 'U64',
};

/** Whether a file is the index of a checkpoint of TensorFlow. */
export const isTensorflowIndex = isTable;

/**
 * The files that hold the numbers of a checkpoint, by their names behind its own: `.data-00000-of-00001`.
 * @throws SyntaxError, RangeError if the index is damaged, or of TensorFlow before 0.12.
 */
export function shardNames(index: Uint8Array): string[] {
  const [first] = readTable(index);
  if (first?.key !== '') throw new SyntaxError('TensorFlow: the index has no header; the file is damaged');
  const [count = 1] = readMessage(first.value).get(1) ?? [1];
  if (typeof count !== 'number' || count < 1 || count > maxShards) {
    throw new SyntaxError(
      `TensorFlow: expected 1 to ${maxShards} data files, got ${show(count)}; checkpoints of version 1 are not read`,
    );
  }
  const digits = (n: number): string => String(n).padStart(5, '0');
  return Array.from({ length: count }, (_, i) => `.data-${digits(i)}-of-${digits(count)}`);
}

const maxShards = 1024;

/**
 * Reads a checkpoint of TensorFlow, `X.index` and the files `X.data-…`. Tensors of texts and of resources are left out.
 * Source: TensorFlow, tensorflow/core/protobuf/tensor_bundle.proto.
 * @param shards the files of `shardNames`, in their order.
 * @throws SyntaxError, RangeError if a file is damaged or cut short, or a tensor is stored in slices.
 */
export function parseTensorflow(index: Uint8Array, shards: readonly Uint8Array[]): Tensors {
  const budget = budgetOf(shards.reduce((sum, { length }) => sum + length, index.length));
  const tensors: Record<string, SafetensorsTensor> = Object.create(null);
  for (const { key, value } of readTable(index)) {
    if (key === '') continue;
    const where = `TensorFlow: tensor ${show(key)}`;
    budget.take(tensorBytes, where);
    const entry = readMessage(value);
    const integer = (field: number): number => {
      const found = entry.get(field)?.at(-1) ?? 0;
      if (typeof found === 'number') return found;
      throw new SyntaxError(`${where}: field ${field} of its entry is no number; the file is damaged`);
    };
    const dtype = dtypes[integer(1)];
    if (!dtype) continue;
    if (entry.has(7))
      throw new SyntaxError(`${where} is stored in slices, which are not read; save it whole`);
    const [offset, size] = [integer(4), integer(5)];
    const shard = shards[integer(3)];
    if (!shard || offset + size > shard.length) {
      throw new RangeError(`${where} lies outside its data file; the file is cut short or missing`);
    }
    const bytes = shard.subarray(offset, offset + size);
    const shape = shapeOf(where, entry.get(2)?.at(-1));
    const expected = sizeOf(shape) * dtypeArrays[dtype].BYTES_PER_ELEMENT;
    if (size !== expected) {
      throw new RangeError(
        `${where}: [${shape.join(', ')}] takes ${expected} bytes, but the index states ${size}; the file is damaged`,
      );
    }
    const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
    // The budget is asked before the sum is computed: tensors can share their bytes.
    tensors[key] = rowMajor(where, { dtype, shape, strides, offset: 0, bytes }, budget);
    if (entry.has(6) && maskedCrc32c(crc32c(bytes)) !== integer(6)) {
      throw new RangeError(`${where} has another CRC-32C than stated; the file is damaged`);
    }
  }
  return tensors;
}

/** Of a TensorShapeProto: repeated dim = 2 { size = 1 }. */
function shapeOf(where: string, message: number | Uint8Array | undefined): number[] {
  if (message === undefined) return [];
  if (typeof message === 'number') throw new SyntaxError(`${where}: its shape is damaged`);
  const dims = readMessage(message).get(2) ?? [];
  if (dims.length > maxAxes)
    throw new RangeError(`${where}: expected at most ${maxAxes} axes, got ${dims.length}`);
  return dims.map((dim) => {
    const size = typeof dim === 'number' ? undefined : (readMessage(dim).get(1)?.at(-1) ?? 0);
    if (typeof size === 'number') return size;
    throw new SyntaxError(`${where}: its shape is damaged`);
  });
}
