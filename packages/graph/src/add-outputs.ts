import { ModelProto } from './generated/onnx-messages.js';

/**
 * Adds intermediate values to the outputs of a model, by their names in the graph.
 * @param names names that the graph does not have are ignored.
 * @throws Error if the bytes hold no graph.
 */
export function addOutputs(bytes: Uint8Array, names: readonly string[]): Uint8Array {
  const model = ModelProto.decode(bytes);
  const { graph } = model;
  if (!graph) throw new Error('model: the bytes hold no graph');
  const wanted = new Set(names);
  const found = (graph.valueInfo ?? []).filter(({ name }) => wanted.has(name ?? ''));
  graph.output = [...(graph.output ?? []), ...found];
  return ModelProto.encode(model).finish();
}
