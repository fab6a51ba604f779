import { parseSafetensors } from '@glow-onnx/flow/internal';
import type { Tensors } from '../foreign-weights.js';

/** The tensors of a file of weights. */
export function parseTensors(bytes: Uint8Array): Tensors {
  return parseSafetensors(bytes).tensors;
}
