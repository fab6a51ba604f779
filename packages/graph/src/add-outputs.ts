import { ModelProto } from './generated/onnx-messages.js';

/**
 * A model that gives intermediate values too, by their names in the graph.
 * @param names those that the graph does not compute are left out.
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
