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
import { type Constant, isConstant, isStored, type Location, type Stored } from './value.js';
import { elementBytes, rawData, type WeightsFile } from './weights-file.js';

/** Numbers of the ONNX format: the written versions (the newest that GPU providers run completely) and enums. */
export const IR_VERSION = 8;
export const OPSET_VERSION = 17;
export const attributeTypes = { float: 1, int: 2, ints: 7 } as const;
export const dataLocations = { embedded: 0, external: 1 } as const;

/** Smaller tensors stay in the graph even with a weights file. */
const EXTERNAL_FROM_BYTES = 1024;

/** Most bytes of a protobuf message. */
const LARGEST_MESSAGE = 2 ** 31 - 1;

/** Options of `encodeModel`. */
export interface ModelOptions {
  /** The program that writes the model. */
  readonly producer: { readonly name: string; readonly version: string };
  /** Texts by key, for `metadata_props`. */
  readonly metadata?: Readonly<Record<string, string>>;
  /**
   * Receives the kernels and matrices of 1 KiB and more. Without it the model is self-contained, and protobuf limits it
   * to 2 GiB.
   */
  readonly weights?: WeightsFile;
}

/**
 * The bytes of an `.onnx` file: opset 17, IR 8.
 * @param options `producer`, the program that writes the model; `metadata`, texts by key; `weights`, a file of
 * `createWeightsFile` for the kernels and matrices of 1 KiB and more. Without `weights` the model is self-contained.
 * @throws RangeError if the tensors inside the model exceed the 2 GiB that protobuf allows.
 * @example
 * const bytes = encodeModel(graph({ name: 'double', inputs: [x], outputs: { y } }), {
 *   producer: { name: 'example', version: '1' },
 * });
 */
export function encodeModel(graph: Graph, options: ModelOptions): Uint8Array {
  const { producer, metadata = {}, weights } = options;
  const inside = graph.constants.filter(
    (value): value is Constant & NamedValue => isConstant(value) && (!weights || !isExternal(value)),
  );
  const bytes = inside.reduce((sum, value) => sum + byteLength(value), 0);
  if (bytes > LARGEST_MESSAGE) {
    throw new RangeError(
      `model: the weights of "${graph.name}" have ${bytes} bytes, expected at most ${LARGEST_MESSAGE} in an .onnx file; ` +
        'pass a weights file',
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
      // Shapes of intermediate values: viewers show them, checkers compare them with their own inference.
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

/**
 * Whether a tensor belongs in a weights file. Biases do not: ONNX Runtime packs matrices and kernels anew, but would
 * read a bias from the mapped file for as long as the session lives.
 */
function isExternal(value: Constant): boolean {
  const isVector = value.shape.filter((extent) => extent !== 1).length < 2; // also one per channel, as [1, C, 1, 1]
  return value.dtype !== 'int64' && !isVector && byteLength(value) >= EXTERNAL_FROM_BYTES;
}

function tensor(value: (Constant | Stored) & NamedValue, weights: WeightsFile | undefined): ITensorProto {
  const { name, dtype, shape } = value;
  const header = { name, dataType: dataTypes[dtype], dims: [...shape] };
  const location = locationOf(value, weights);
  if (!location) return { ...header, rawData: rawData(value as Constant) };
  const { file, offset, length } = location;
  const externalData = Object.entries({ location: file, offset, length });
  return {
    ...header,
    dataLocation: dataLocations.external,
    externalData: externalData.map(([key, entry]) => ({ key, value: String(entry) })),
  };
}

/** The place of a tensor in a weights file, or undefined if it belongs in the graph. */
function locationOf(value: Constant | Stored, weights: WeightsFile | undefined): Location | undefined {
  if (isStored(value)) return value.source.location;
  return isExternal(value) ? weights?.add(value) : undefined;
}

function encodeNode({ operator, inputs, attributes, output }: GraphNode): INodeProto {
  const attribute = Object.entries(attributes).map(([name, value]): IAttributeProto => {
    if (typeof value === 'number') return { name, type: attributeTypes.int, i: value };
    if ('float' in value) return { name, type: attributeTypes.float, f: value.float };
    return { name, type: attributeTypes.ints, ints: [...value] };
  });
  return { name: output.name, opType: operator, input: [...inputs], output: [output.name], attribute };
}
