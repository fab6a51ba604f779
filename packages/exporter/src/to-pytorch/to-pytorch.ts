import { readFile } from 'node:fs/promises';
import { type Checkpoint, encodeCheckpoint } from '@glow-onnx/flow';
import { type WriteFile, type WrittenFile, writeFolder } from '@glow-onnx/runtime/internal-node';
import { modelAlone } from '../carried-checkpoint.js';

/** The file of the module, and of its weights. */
export const moduleName = 'glow.py';
export const weightsName = 'model.safetensors';

/**
 * Writes a folder with a PyTorch module and the weights that it loads, a checkpoint. If the checkpoint has moving averages
 * of its parameters, the module has them. The folder appears complete or not at all.
 * @throws Error if the checkpoint was never initialised, or the folder exists or cannot be written.
 */
export async function toPytorch(checkpoint: Checkpoint, out: string): Promise<WrittenFile[]> {
  if (!checkpoint.initialised) {
    throw new Error('to-pytorch: the checkpoint has not seen a first batch; train it, then try again');
  }
  const module = await readFile(new URL(`../../python/${moduleName}`, import.meta.url), 'utf8');
  const weights = encodeCheckpoint(modelAlone(checkpoint));
  return writeFolder('to-pytorch', out, false, async (_, write: WriteFile) => [
    await write(moduleName, [module]),
    await write(weightsName, [weights]),
  ]);
}
