import { encodeModel, type Graph } from '@glow-onnx/graph';

/** A graph as ONNX bytes. They only ever go to a session, so the version of this package does not matter. */
export function encodeGraph(graph: Graph): Uint8Array {
  return encodeModel(graph, { producer: { name: '@glow-onnx/trainer', version: '' } });
}
