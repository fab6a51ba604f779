import { bytes, float, integer, integers, many, message, name, one, readMessage, text } from './wire.js';

/**
 * The messages of ONNX, with only the fields that glow-onnx export writes. Left out are functions, training graphs, sparse
 * tensors, sequences, maps, and attributes that hold graphs, tensors or texts. Floats are for graphs with a derivative.
 * Source: onnx/onnx.proto of ONNX 1.12.
 */
const place = message({ key: one(1, name), value: one(2, name) });
const tensor = message({
  dims: integers(1),
  type: one(2, integer),
  name: one(8, name),
  raw: one(9, bytes),
  external: many(13, place),
  location: one(14, integer),
});
const dim = message({ extent: one(1, integer), symbol: one(2, name) });
const tensorType = message({ type: one(1, integer), shape: one(2, message({ dims: many(1, dim) })) });
const value = message({
  name: one(1, name),
  type: one(2, message({ tensor: one(1, tensorType) })),
  doc: one(3, bytes),
});
const attribute = message({
  name: one(1, name),
  float: one(2, float),
  integer: one(3, integer),
  integers: integers(8),
  type: one(20, integer),
});
const node = message({
  inputs: many(1, name),
  outputs: many(2, name),
  name: one(3, name),
  operator: one(4, name),
  attributes: many(5, attribute),
});
const graph = message({
  nodes: many(1, node),
  name: one(2, name),
  initializers: many(5, tensor),
  doc: one(10, bytes),
  inputs: many(11, value),
  outputs: many(12, value),
  values: many(13, value),
});
const model = message({
  irVersion: one(1, integer),
  producer: one(2, bytes),
  producerVersion: one(3, bytes),
  graph: one(7, graph),
  opsets: many(8, message({ domain: one(1, text), version: one(2, integer) })),
  metadata: many(14, message({ key: one(1, text), value: one(2, text) })),
});

export type OnnxModel = ReturnType<typeof readModel>;
export type OnnxGraph = ReturnType<(typeof graph)['read']>;
export type OnnxTensor = OnnxGraph['initializers'][number];
export type OnnxNode = OnnxGraph['nodes'][number];
export type OnnxValue = OnnxGraph['inputs'][number];

/**
 * Reads an .onnx file. Tensors are views of its bytes.
 * @param limit most values that may be read.
 * @throws RangeError that names the place and the fault.
 */
export function readModel(file: Uint8Array, limit: number) {
  return readMessage(model, file, limit);
}
