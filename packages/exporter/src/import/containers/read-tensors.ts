import { stat } from 'node:fs/promises';
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
  const stem = path.replace(/\.(index|data-\d{5}-of-\d{5})$/, '');
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

async function readCheckpoint(stem: string, path: string, index: Uint8Array): Promise<Tensors> {
  const shards: Uint8Array[] = [];
  for (const name of within(path, () => shardNames(index))) shards.push(await readWholeFile(stem + name));
  return within(path, () => parseTensorflow(index, shards));
}
