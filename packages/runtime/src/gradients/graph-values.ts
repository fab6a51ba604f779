import { decodeModel } from '@glow-onnx/graph';
import { type ModelValues, valuesOf } from '@glow-onnx/graph/internal';
import type { GraphKind } from '../graphs/signature.js';
import type { GraphSource } from '../sessions/create-session.js';

/** A graph of a model folder as an .onnx file, with the weights file that it reads. */
export type FolderGraph = GraphSource & { readonly model: Uint8Array };

/**
 * The inputs and outputs of a folder's graph, from which more can be built. What is built reads the same weights file, at
 * the same places.
 */
export function graphValues(kind: GraphKind, { model, externalData }: FolderGraph): ModelValues {
  const [external] = externalData ?? [];
  return valuesOf(decodeModel(model), ({ offset, length }) => {
    if (!external) throw new RangeError(`the ${kind} graph needs a weights file`);
    return external.data.subarray(offset, offset + length);
  });
}
