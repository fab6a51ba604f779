import { parseSafetensors } from '@glow-onnx/flow/internal';
import type { Tensors } from '../foreign-weights.js';
import { budgetOf } from './budget.js';
import { isNpz, parseNpz } from './npz.js';
import { isLegacyPytorch, parsePytorch } from './pytorch.js';
import { openZip } from './zip.js';

/**
 * The tensors of a file of weights: PyTorch, safetensors or numpy, known by its first bytes.
 * @throws SyntaxError, RangeError if it is damaged, or of no such kind.
 */
export function parseTensors(bytes: Uint8Array): Tensors {
  if (isLegacyPytorch(bytes)) return parsePytorch(bytes);
  if (!isZip(bytes)) return parseSafetensors(bytes).tensors;
  return isNpz(openZip(bytes, budgetOf(bytes.length))) ? parseNpz(bytes) : parsePytorch(bytes);
}

function isZip(bytes: Uint8Array): boolean {
  return [0x50, 0x4b, 0x03, 0x04].every((byte, i) => bytes[i] === byte);
}
