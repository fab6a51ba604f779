import { dataTypes } from './data-types.js';
import { attributeTypes, dataLocations } from './encode-model.js';
import {
  type Int64,
  type ITensorProto,
  type IValueInfoProto,
  ModelProto,
} from './generated/onnx-messages.js';
import type { Attributes, DType, Location } from './value.js';

/** A tensor of a file. Symbolic extents are given by their names. */
export interface TensorInfo {
  readonly name: string;
  readonly doc: string;
  readonly dtype: DType;
  readonly shape: readonly (number | string)[];
}

/** A constant of a file. */
export interface InitializerInfo extends TensorInfo {
  readonly shape: readonly number[];
  /** Little-endian elements, or their location in a weights file. */
  readonly data: Uint8Array | Location;
}

/** A node of a file. */
export interface NodeInfo {
  readonly name: string;
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

/** The contents of an `.onnx` file as plain objects. */
export interface ModelInfo {
  readonly irVersion: number;
  readonly opset: number;
  readonly producer: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly graph: {
    readonly name: string;
    readonly doc: string;
    readonly inputs: readonly TensorInfo[];
    readonly outputs: readonly TensorInfo[];
    readonly initializers: readonly InitializerInfo[];
    readonly nodes: readonly NodeInfo[];
  };
}

/**
 * Reads a model that this package wrote.
 * @returns versions, producer, metadata, and the graph: inputs, outputs, initializers and nodes by name.
 * @throws Error if the bytes are not a model, or have element or attribute types that this package does not write.
 * @example
 * const { graph } = decodeModel(await readFile('encode.onnx'));
 * console.log(graph.nodes.map(({ operator }) => operator));
 */
export function decodeModel(bytes: Uint8Array): ModelInfo {
  const model = parse(bytes);
  const { graph } = model;
  return {
    irVersion: toNumber(model.irVersion),
    opset: toNumber(model.opsetImport?.find(({ domain }) => !domain)?.version),
    producer: model.producerName ?? '',
    metadata: Object.fromEntries(
      (model.metadataProps ?? []).map(({ key, value }) => [key ?? '', value ?? '']),
    ),
    graph: {
      name: graph?.name ?? '',
      doc: graph?.docString ?? '',
      inputs: (graph?.input ?? []).map(tensorInfo),
      outputs: (graph?.output ?? []).map(tensorInfo),
      initializers: (graph?.initializer ?? []).map(initializer),
      nodes: (graph?.node ?? []).map(({ name, opType, input, output, attribute }) => ({
        name: name ?? '',
        operator: opType ?? '',
        inputs: input ?? [],
        outputs: output ?? [],
        attributes: Object.fromEntries(
          (attribute ?? []).map((a) => {
            if (a.type === attributeTypes.int) return [a.name ?? '', toNumber(a.i)];
            if (a.type === attributeTypes.ints) return [a.name ?? '', (a.ints ?? []).map(toNumber)];
            if (a.type === attributeTypes.float) return [a.name ?? '', { float: a.f ?? 0 }];
            throw new Error(
              `model: attribute "${a.name}" of "${name}" has type ${a.type}, expected integers or a float`,
            );
          }),
        ),
      })),
    },
  };
}

function parse(bytes: Uint8Array) {
  try {
    return ModelProto.decode(bytes);
  } catch (cause) {
    throw new Error('model: the bytes are not an ONNX model', { cause });
  }
}

function toNumber(value: Int64 | null | undefined): number {
  return typeof value === 'object' && value !== null ? value.toNumber() : (value ?? 0);
}

function dtypeOf(name: string, code: number | null | undefined): DType {
  const found = Object.entries(dataTypes).find(([, known]) => known === code);
  if (!found)
    throw new Error(
      `model: tensor "${name}" has element type ${code}, expected ${Object.keys(dataTypes).join(', ')}`,
    );
  return found[0] as DType;
}

function tensorInfo({ name, docString, type }: IValueInfoProto): TensorInfo {
  const { elemType, shape } = type?.tensorType ?? {};
  return {
    name: name ?? '',
    doc: docString ?? '',
    dtype: dtypeOf(name ?? '', elemType),
    shape: (shape?.dim ?? []).map(({ dimParam, dimValue }) => dimParam ?? toNumber(dimValue)),
  };
}

function initializer(tensor: ITensorProto): InitializerInfo {
  const external = new Map((tensor.externalData ?? []).map(({ key, value }) => [key, value ?? '']));
  return {
    name: tensor.name ?? '',
    doc: tensor.docString ?? '',
    dtype: dtypeOf(tensor.name ?? '', tensor.dataType),
    shape: (tensor.dims ?? []).map(toNumber),
    data:
      tensor.dataLocation === dataLocations.external
        ? {
            file: external.get('location') ?? '',
            offset: Number(external.get('offset')),
            length: Number(external.get('length')),
          }
        : (tensor.rawData ?? new Uint8Array()),
  };
}
