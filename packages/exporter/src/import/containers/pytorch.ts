import { dtypeArrays, show } from '@glow-onnx/flow/internal';
import type { Tensors } from '../foreign-weights.js';
import { type Budget, budgetOf } from './budget.js';
import { flatten } from './flatten.js';
import { readPickle } from './pickle.js';
import { Storage, storageDtype, tensorCalls } from './pickled-tensor.js';
import { openZip, type Zip } from './zip.js';

/** The first number of a file of PyTorch before 1.6. */
const legacyMagic = 0x1950a86a20f9469cfc6cn;

/**
 * Reads the tensors of a file of `torch.save`: `.pt`, `.pth`, `.ckpt`. A name is the path to the tensor, as in
 * `state_dict.blocks.0.weight`. Nothing in the file is executed. Source: PyTorch, torch/serialization.py.
 * @throws SyntaxError if the file is damaged, or asks to call what is not known. @throws RangeError if a tensor lies
 * outside its storage, or the file asks for more memory than it can honestly need.
 */
export function parsePytorch(bytes: Uint8Array): Tensors {
  const budget = budgetOf(bytes.length);
  return isLegacyPytorch(bytes) ? parseLegacy(bytes, budget) : parseZip(openZip(bytes, budget), budget);
}

/** The folder of a zip archive that holds a pickle of PyTorch, with a slash; undefined if it has none. */
export function pytorchRoot({ names }: Zip): string | undefined {
  const pickle = names.find((name) => /^[^/]*\/data\.pkl$/.test(name));
  return pickle?.slice(0, -'data.pkl'.length);
}

/** Whether a file begins as those of PyTorch before 1.6: protocol 2, then a long of ten bytes. */
export function isLegacyPytorch(bytes: Uint8Array): boolean {
  return [0x80, 0x02, 0x8a, 0x0a].every((byte, i) => bytes[i] === byte);
}

function parseZip(zip: Zip, budget: Budget): Tensors {
  const root = pytorchRoot(zip);
  if (root === undefined)
    throw new SyntaxError('PyTorch: the archive has no data.pkl; it is of another program');
  const order = `${root}byteorder`;
  if (zip.names.includes(order) && new TextDecoder().decode(zip.read(order)) !== 'little') {
    throw new SyntaxError('PyTorch: expected little-endian numbers; save the file on another machine');
  }
  const storages = new Map<string, Storage>();
  const { value } = readPickle(zip.read(`${root}data.pkl`), {
    calls: tensorCalls,
    budget,
    persistent: (id) =>
      storageOf(id, storages, (key) => {
        return zip.read(`${root}data/${key}`);
      }),
  });
  return flatten(value, budget);
}

/** Pickles of a number, the version, facts of the machine, the value and the keys of its storages; then the storages. */
function parseLegacy(bytes: Uint8Array, budget: Budget): Tensors {
  const storages = new Map<string, Storage>();
  const reader = { calls: tensorCalls, budget, persistent: (id: unknown) => storageOf(id, storages) };
  let at = 0;
  const next = (): unknown => {
    const { value, end } = readPickle(bytes, reader, at);
    at = end;
    return value;
  };
  const magic = next();
  next(); // version
  const machine = next();
  if (magic !== legacyMagic || !(machine instanceof Map) || machine.get('little_endian') !== true) {
    throw new SyntaxError('PyTorch: expected a file of torch.save with little-endian numbers');
  }
  const value = next();
  const keys = next();
  if (!Array.isArray(keys))
    throw new SyntaxError('PyTorch: the list of storages is missing; the file is damaged');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const key of keys) {
    const storage = storages.get(String(key));
    if (!storage?.dtype || at + 8 > bytes.length) {
      throw new SyntaxError(
        `PyTorch: the numbers of storage ${show(key)} cannot be read; save as safetensors`,
      );
    }
    const size = Number(view.getBigInt64(at, true)) * dtypeArrays[storage.dtype].BYTES_PER_ELEMENT;
    at += 8;
    if (!(size >= 0 && at + size <= bytes.length)) {
      throw new RangeError(
        `PyTorch: storage ${show(key)} of ${size} bytes lies outside the file; it is cut short`,
      );
    }
    storage.bytes = bytes.subarray(at, at + size);
    at += size;
  }
  return flatten(value, budget);
}

/** The storage of a persistent id: ('storage', type, key, device, number of elements). */
function storageOf(id: unknown, known: Map<string, Storage>, read?: (key: string) => Uint8Array): Storage {
  const [kind, type, key, , size] = Array.isArray(id) ? id : [];
  if (kind !== 'storage' || typeof key !== 'string' || typeof size !== 'number') {
    throw new SyntaxError(`PyTorch: expected a storage, got ${show(id)}; the file is damaged`);
  }
  const found = known.get(key);
  if (found) return found;
  const storage = new Storage(storageDtype(type), read?.(key));
  known.set(key, storage);
  return storage;
}
