import { concat, slice, unsqueeze } from './arrangement.js';
import { type ConvOptions, conv, convTranspose } from './convolution.js';
import { dataTypes } from './data-types.js';
import type { InitializerInfo, ModelInfo, NodeInfo } from './decode-model.js';
import { type Dim, scaleDim, symbol } from './dims.js';
import { abs, add, cast, exp, log, mul, neg, relu, sigmoid, sub, tanh } from './elementwise.js';
import { fromFloat16Bits } from './float16.js';
import { reduceSum } from './reduction.js';
import {
  type Constant,
  constant,
  type DType,
  input,
  isConstant,
  type Location,
  named,
  node,
  type Stored,
  type Value,
} from './value.js';

/** The inputs and outputs of a graph, by name, as values from which more can be built. */
export interface ModelValues {
  readonly inputs: Readonly<Record<string, Value>>;
  readonly outputs: Readonly<Record<string, Value>>;
}

/**
 * The values of a graph that was read from a file: the reverse of `graph` and `encodeModel`. Constants in a weights
 * file stay there, so a graph that is built from these values uses the same file.
 * @param read the bytes of a constant in a weights file. It is called only for the few that a gradient rewrites.
 * @throws RangeError if the graph has an operator that is not known here.
 * @example
 * const { inputs, outputs } = valuesOf(decodeModel(bytes), ({ offset, length }) =>
 *   weights.subarray(offset, offset + length),
 * );
 */
export function valuesOf({ graph }: ModelInfo, read: (location: Location) => Uint8Array): ModelValues {
  const values = new Map<string, Value>();
  for (const tensor of graph.initializers) values.set(tensor.name, constantOf(tensor, read));
  const inputs = graph.inputs.map(({ name, dtype, shape }) => input(name, dtype, shape.map(dimOf)));
  for (const value of inputs) values.set(value.name as string, value);
  const find = (name: string): Value => {
    const value = values.get(name);
    if (!value) throw new RangeError(`graph: nothing before it defines "${name}"`);
    return value;
  };
  for (const one of graph.nodes) {
    const operator = operators[one.operator];
    if (!operator)
      throw new RangeError(`graph: operator ${one.operator} of "${one.outputs[0]}" is not known here`);
    const value = operator(one.inputs.map(find), one.attributes);
    values.set(one.outputs[0], named(value, one.outputs[0]));
  }
  return {
    inputs: Object.fromEntries(inputs.map((value) => [value.name, value])),
    outputs: Object.fromEntries(graph.outputs.map(({ name }) => [name, find(name)])),
  };
}

type Operator = (inputs: readonly Value[], attributes: NodeInfo['attributes']) => Value;

const geometryOf = ({ pads, strides }: NodeInfo['attributes']) =>
  ({ pads, strides }) as unknown as Pick<ConvOptions, 'pads' | 'strides'>;
const biasOf = (bias: Value | undefined) => bias && { bias };

/** How the operators of exported graphs are built again. */
const operators: Readonly<Record<string, Operator>> = {
  Abs: ([x]) => abs(x),
  Add: ([a, b]) => add(a, b),
  Cast: ([x], { to }) => castTo(x, to as number),
  Concat: (inputs, { axis }) => concat(inputs, axis as number),
  Conv: ([x, weight, bias], attributes) => conv(x, weight, { ...geometryOf(attributes), ...biasOf(bias) }),
  ConvTranspose: ([x, weight, bias], attributes) =>
    convTranspose(x, weight, { ...geometryOf(attributes), ...biasOf(bias) }),
  Exp: ([x]) => exp(x),
  Identity: ([x]) => node('Identity', [x], x.shape, {}, x.dtype),
  Log: ([x]) => log(x),
  Mul: ([a, b]) => mul(a, b),
  Neg: ([x]) => neg(x),
  ReduceSum: ([x, axes], { keepdims }) => reduceSum(x, integersOf(axes), { keepDims: keepdims === 1 }),
  Relu: ([x]) => relu(x),
  Sigmoid: ([x]) => sigmoid(x),
  Slice: ([x, start, end, axis]) => slice(x, integersOf(axis)[0], integersOf(start)[0], integersOf(end)[0]),
  Sub: ([a, b]) => sub(a, b),
  Tanh: ([x]) => tanh(x),
  Unsqueeze: ([x, axes]) => unsqueeze(x, integersOf(axes)),
};

function castTo(x: Value, code: number): Value {
  const found = Object.entries(dataTypes).find(([, known]) => known === code);
  if (!found) throw new RangeError(`graph: element type ${code} is not known here`);
  return cast(x, found[0] as DType);
}

function integersOf(value: Value): number[] {
  if (isConstant(value)) return [...value.source.data];
  throw new RangeError('graph: expected constant axes and positions');
}

/** An extent from its name: 12, height/2, 2*height. */
function dimOf(extent: number | string): Dim {
  if (typeof extent === 'number') return extent;
  const [, times = '1', name, over = '1'] = /^(?:(\d+)\*)?([a-z]+)(?:\/(\d+))?$/.exec(extent) ?? [];
  if (name === undefined) throw new RangeError(`graph: "${extent}" is no extent`);
  return scaleDim(symbol(name), Number(times), Number(over));
}

function constantOf(tensor: InitializerInfo, read: (location: Location) => Uint8Array): Constant | Stored {
  const { name, dtype, shape, data } = tensor;
  if (data instanceof Uint8Array) return named(constant(shape, elementsOf(dtype, data), dtype), name);
  return {
    ...{ name, dtype, shape },
    source: { kind: 'stored', location: data, read: () => elementsOf(dtype, read(data)) },
  };
}

/** Little-endian bytes as numbers. */
function elementsOf(dtype: DType, bytes: Uint8Array): Float64Array {
  const { buffer } = new Uint8Array(bytes); // a copy, which is aligned
  switch (dtype) {
    case 'float32':
      return Float64Array.from(new Float32Array(buffer));
    case 'float16':
      return Float64Array.from(new Uint16Array(buffer), fromFloat16Bits);
    case 'int8':
      return Float64Array.from(new Int8Array(buffer));
    case 'int64':
      return Float64Array.from(new BigInt64Array(buffer), Number);
    default:
      return dtype satisfies never;
  }
}
