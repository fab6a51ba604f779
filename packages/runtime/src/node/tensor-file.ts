import { type FileHandle, open, stat } from 'node:fs/promises';
import { printable } from '@glow-onnx/flow/manifest';
import {
  elementsOf,
  type HeaderEntry,
  maxHeaderBytes,
  readHeader,
  type SafetensorsTensor,
  safetensorsNumbers,
} from '@glow-onnx/flow/safetensors';
import { AdvisedError } from '../advised-error.js';
import type { FloatImage } from '../model/float-image.js';
import { explained } from './explain-system-error.js';

/** A tensor of feature maps in a file, [items, channels, height, width], read item by item. */
export interface TensorFile {
  readonly count: number;
  /** Channels, height, width. */
  readonly shape: FloatImage['shape'];
  /** @throws Error if the file has become shorter. */
  read(item: number): Promise<FloatImage>;
  close(): Promise<void>;
}

/** Whether a path names a file of tensors. */
export function isTensorFile(path: string): boolean {
  return /\.safetensors$/i.test(path);
}

/** Types that float32 holds exactly. */
const dtypes: readonly string[] = ['F32', 'F16', 'BF16'];

/**
 * Opens a tensor of a safetensors file. Memory holds the header alone.
 * @param name of the tensor; default: the only one of the file.
 * @throws SyntaxError or RangeError if the file is not safetensors, has no such tensor, or the tensor has another type
 *   or form than [items, channels, height, width]; Error if the file cannot be read. All name the file.
 */
export async function openTensor(path: string, name?: string): Promise<TensorFile> {
  return explained('read', path, async () => {
    // Before it is opened: a pipe would wait for its writer.
    if (!(await stat(path)).isFile())
      throw new Error(`${path} is not a regular file; name a .safetensors file`);
    const file = await open(path);
    try {
      const { entry, dataStart } = await findTensor(file, path, name);
      const [count = 0, channels = 0, height = 0, width = 0] = entry.shape;
      const shape = [channels, height, width] as const;
      const bytesPerItem = (entry.end - entry.begin) / count;
      return {
        count,
        shape,
        async read(item) {
          const bytes = await readAt(file, path, dataStart + entry.begin + item * bytesPerItem, bytesPerItem);
          return { shape, data: numbersOf(entry.dtype, shape, bytes) };
        },
        close: () => file.close(),
      };
    } catch (error) {
      await file.close();
      throw error;
    }
  });
}

async function findTensor(file: FileHandle, path: string, name: string | undefined) {
  const { size } = await file.stat();
  const start = await readAt(file, path, 0, Math.min(8, size));
  const stated = start.length === 8 ? Number(new DataView(start.buffer).getBigUint64(0, true)) : 0;
  const head = await readAt(file, path, 0, Math.min(8 + Math.max(1, Math.min(stated, maxHeaderBytes)), size));
  try {
    const { entries, dataStart } = readHeader(head, size);
    return { entry: checkForm(chooseTensor(path, entries, name)), dataStart };
  } catch (error) {
    if (error instanceof AdvisedError) throw error;
    const Fault = error instanceof SyntaxError ? SyntaxError : RangeError;
    throw new Fault(`${path}: ${(error as Error).message}`, { cause: error });
  }
}

function chooseTensor(path: string, entries: readonly HeaderEntry[], name: string | undefined): HeaderEntry {
  const [only, second] = entries;
  if (name === undefined && only && !second) return only;
  const named = entries.find((entry) => entry.name === name);
  if (named) return named;
  const names = entries.slice(0, 10).map((entry) => printable(entry.name).slice(0, 100));
  const rest = entries.length > names.length ? ` and ${entries.length - names.length} more` : '';
  const all = names.length > 0 ? names.join(', ') + rest : 'none';
  if (name !== undefined)
    throw new RangeError(`has no tensor ${JSON.stringify(name)}; its tensors are ${all}`);
  throw new AdvisedError(
    `${path}: expected one tensor, got ${all}`,
    'tensor',
    'pass tensor: the name of one of them',
  );
}

function checkForm(entry: HeaderEntry): HeaderEntry {
  const { name, dtype, shape } = entry;
  if (shape.length === 4 && shape.every((extent) => extent > 0) && dtypes.includes(dtype)) return entry;
  throw new RangeError(
    `tensor ${JSON.stringify(name)}: expected F32, F16 or BF16 of [items, channels, height, width], got ${dtype} ` +
      `[${shape.join(', ').slice(0, 100)}]; save it in this form`,
  );
}

function numbersOf(dtype: HeaderEntry['dtype'], shape: readonly number[], bytes: Uint8Array): Float32Array {
  const data = elementsOf(dtype, bytes);
  if (data instanceof Float32Array) return data;
  return Float32Array.from(safetensorsNumbers({ dtype, shape, data } as SafetensorsTensor));
}

async function readAt(file: FileHandle, path: string, position: number, length: number) {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(bytes, at, length - at, position + at);
    if (bytesRead === 0) throw new Error(`${path} became shorter while it was read; write it again`);
    at += bytesRead;
  }
  return bytes;
}
