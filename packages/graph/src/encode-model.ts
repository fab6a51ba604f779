import { dataTypes } from './data-types.js';
import { type Dim, formatDim } from './dims.js';
import {
  type IAttributeProto,
  type INodeProto,
  type ITensorProto,
  type IValueInfoProto,
  ModelProto,
} from './generated/onnx-messages.js';
import type { Graph, GraphNode, NamedValue } from './graph.js';
import type { Constant } from './value.js';
import { elementBytes, rawData, type WeightsFile } from './weights-file.js';

/** Numbers of the ONNX format: versions written (the newest that GPU providers run wholly), and enums. */
export const IR_VERSION = 8;
export const OPSET_VERSION = 17;
export const attributeTypes = { float: 1, int: 2, ints: 7 } as const;
export const dataLocations = { embedded: 0, external: 1 } as const;

/** Tensors below this many bytes stay in the graph even where there is a weights file: biases, axes. */
const EXTERNAL_FROM_BYTES = 1024;

/** What a protobuf message may have. */
const LARGEST_MESSAGE = 2 ** 31 - 1;

export interface ModelOptions {
  readonly producer: { readonly name: string; readonly version: string };
  readonly metadata?: Readonly<Record<string, string>>;
  /** Takes the tensors of 1 KiB and more; without it the model is self-contained (and limited to 2 GB by protobuf). */
  readonly weights?: WeightsFile;
}

/**
 * The bytes of an `.onnx` file: opset 17, IR 8.
 * @throws RangeError if the tensors inside make it larger than protobuf allows.
 */
export function encodeModel(graph: Graph, { producer, metadata = {}, weights }: ModelOptions): Uint8Array {
  const inside = graph.constants.filter((value) => !weights || !isExternal(value));
  const bytes = inside.reduce((sum, value) => sum + byteLength(value), 0);
  if (bytes > LARGEST_MESSAGE) {
    throw new RangeError(
      `model: the weights of "${graph.name}" have ${bytes} bytes, an .onnx file holds at most ${LARGEST_MESSAGE}; ` +
        'keep them in a weights file beside it',
    );
  }
  const outputNames = new Set(graph.outputs.map(({ name }) => name));
  return ModelProto.encode({
    irVersion: IR_VERSION,
    opsetImport: [{ domain: '', version: OPSET_VERSION }],
    producerName: producer.name,
    producerVersion: producer.version,
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name: graph.name,
      docString: graph.doc,
      input: graph.inputs.map((value) => valueInfo(value, graph.docs[value.name])),
      output: graph.outputs.map((value) => valueInfo(value, graph.docs[value.name])),
      // Shapes of what lies between: viewers show them, checkers compare them with their own inference.
      valueInfo: graph.nodes
        .filter(({ output }) => !outputNames.has(output.name))
        .map(({ output }) => valueInfo(output)),
      initializer: graph.constants.map((value) => tensor(value, weights)),
      node: graph.nodes.map(encodeNode),
    },
  }).finish();
}

function valueInfo({ name, dtype, shape }: NamedValue, docString = ''): IValueInfoProto {
  const dim = (extent: Dim) =>
    typeof extent === 'number' ? { dimValue: extent } : { dimParam: formatDim(extent) };
  return {
    name,
    docString,
    type: { tensorType: { elemType: dataTypes[dtype], shape: { dim: shape.map(dim) } } },
  };
}

function byteLength({ dtype, source }: Constant): number {
  return source.data.length * elementBytes[dtype];
}

/** Whether a tensor goes into the weights file where there is one. */
function isExternal(value: Constant): boolean {
  return value.dtype !== 'int64' && byteLength(value) >= EXTERNAL_FROM_BYTES;
}

function tensor(value: Constant & NamedValue, weights: WeightsFile | undefined): ITensorProto {
  const { name, dtype, shape } = value;
  const header = { name, dataType: dataTypes[dtype], dims: [...shape] };
  if (!weights || !isExternal(value)) {
    return { ...header, rawData: rawData(value) };
  }
  const { file, offset, length } = weights.add(value);
  const externalData = Object.entries({ location: file, offset, length });
  return {
    ...header,
    dataLocation: dataLocations.external,
    externalData: externalData.map(([key, entry]) => ({ key, value: String(entry) })),
  };
}

function encodeNode({ operator, inputs, attributes, output }: GraphNode): INodeProto {
  const attribute = Object.entries(attributes).map(([name, value]): IAttributeProto => {
    if (typeof value === 'number') return { name, type: attributeTypes.int, i: value };
    if ('float' in value) return { name, type: attributeTypes.float, f: value.float };
    return { name, type: attributeTypes.ints, ints: [...value] };
  });
  return { name: output.name, opType: operator, input: [...inputs], output: [output.name], attribute };
}
