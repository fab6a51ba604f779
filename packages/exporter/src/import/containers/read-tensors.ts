import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { readWholeFile } from '@glow-onnx/runtime/internal-node';
import { within } from '../../within.js';
import type { Tensors } from '../foreign-weights.js';
import { parseTensors } from './parse-tensors.js';
import { isTensorflowIndex, parseTensorflow, shardNames } from './tensorflow.js';

/**
 * Reads the tensors of a file of weights: PyTorch, safetensors, numpy, or a checkpoint of TensorFlow by the name of its
 * index (`model.ckpt-1000.index`), of one of its data files, or without either (`model.ckpt-1000`).
 * @throws Error that begins with the path if a file is missing, damaged or of no such kind.
 */
export async function readTensors(path: string): Promise<Tensors> {
  const stem = stemOf(path);
  const found = await stat(path).catch(() => undefined);
  const index = `${stem}.index`;
  if ((stem !== path || !found) && (await stat(index).catch(() => undefined))?.isFile()) {
    return readCheckpoint(stem, index, await readWholeFile(index));
  }
  if (found?.isDirectory()) throw new Error(`${path} is a folder; pass the file of weights in it`);
  const bytes = await readWholeFile(path);
  if (isTensorflowIndex(bytes)) return readCheckpoint(stem, path, bytes);
  return within(path, () => parseTensors(bytes));
}

/** The files that `readTensors` reads: the path itself, and the index and data of a checkpoint of TensorFlow. */
export async function filesOfTensors(path: string): Promise<string[]> {
  const stem = stemOf(path);
  const names = await readdir(dirname(stem)).catch(() => []);
  const parts = names.filter((name) => name.startsWith(`${basename(stem)}.`) && tensorflowEnding.test(name));
  return [path, ...parts.map((name) => join(dirname(stem), name))];
}

const tensorflowEnding = /\.(index|data-\d{5}-of-\d{5})$/;

function stemOf(path: string): string {
  return path.replace(tensorflowEnding, '');
}

async function readCheckpoint(stem: string, path: string, index: Uint8Array): Promise<Tensors> {
  const shards: Uint8Array[] = [];
  for (const name of within(path, () => shardNames(index))) shards.push(await readWholeFile(stem + name));
  return within(path, () => parseTensorflow(index, shards));
}
