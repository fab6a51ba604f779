import type { GlowConfig, Precision } from '@glow-onnx/flow/manifest';
import { bytesOf, constantOf, storedTypes, type WeightsOf } from './constants.js';
import { hold, within } from './fault.js';
import type { OnnxGraph, OnnxNode } from './onnx-model.js';
import type { Attributes, Operator, Value } from './operators.js';
import type { Signature } from './signature.js';

export interface GraphLimits {
  /** Those that the kind of graph may have. */
  readonly operators: Readonly<Record<string, Operator>>;
  readonly config: Pick<GlowConfig, 'channels' | 'levels' | 'hiddenChannels'>;
  readonly precision: Precision;
  readonly weights?: WeightsOf | undefined;
  /** Most bytes of constants that all nodes together may read. */
  readonly constantBytes: number;
}

/**
 * Types and shapes of all tensors of a graph by name, before it runs.
 * @throws RangeError that names the tensor or node and the fault.
 */
export function inferValues(
  graph: OnnxGraph,
  signature: Signature,
  limits: GraphLimits,
): ReadonlyMap<string, Value> {
  const { operators, precision, weights } = limits;
  const values = new Map<string, Value>();
  const define = (name: string | null | undefined, value: Value) => {
    hold(!!name && !values.has(name), () => `expected a name of its own, got "${name}"`);
    values.set(name, value);
  };
  let left = limits.constantBytes;
  const spend = (constant: Value) => {
    left -= bytesOf(constant);
    hold(left >= 0, () => 'weights are used more often than a model of this size needs');
  };
  const checkImage = imageCheck(signature, limits.config);
  for (const [name, shape] of Object.entries(signature.inputs)) {
    define(name, { type: 'float32', shape, constant: false });
  }
  for (const tensor of graph.initializers) {
    within(
      () => `tensor "${tensor.name}"`,
      () => {
        const value = constantOf(tensor, precision, weights);
        spend(value);
        define(tensor.name, value);
      },
    );
  }
  for (const node of graph.nodes) {
    within(
      () => `node "${node.outputs[0] ?? node.name}" (${node.operator})`,
      () => {
        const inputs = node.inputs.map((name) => {
          const found = values.get(name);
          hold(found !== undefined, () => `"${name}" is not defined before it`);
          if (found.constant) spend(found);
          return found;
        });
        const value = resultOf(node, inputs, operators, precision);
        if (!value.constant) checkImage(value);
        hold(node.outputs.length === 1, () => 'expected one output');
        define(node.outputs[0], value);
      },
    );
  }
  return values;
}

function resultOf(
  node: OnnxNode,
  inputs: readonly Value[],
  operators: GraphLimits['operators'],
  precision: Precision,
): Value {
  const operator = Object.hasOwn(operators, node.operator ?? '') && operators[node.operator ?? ''];
  hold(!!operator, () => 'the operator is not allowed');
  const [least, most] = operator.inputs;
  hold(inputs.length >= least && inputs.length <= most, () => `${inputs.length} inputs are not allowed`);
  const { type, shape } = operator.result(inputs, attributesOf(node, operator));
  hold(storedTypes[precision].includes(type), () => `${type} is not allowed in precision ${precision}`);
  const constant = inputs.every((input) => input.constant);
  hold(
    !constant || (operator.ofConstants === true && String(shape) === String(inputs[0]?.shape)),
    () => 'it may not be computed from constants alone',
  );
  return { type, shape, constant };
}

const [FLOAT, INT, INTS] = [1, 2, 7];

/** @throws RangeError unless the node has exactly the operator's attributes, each of its type. */
function attributesOf({ attributes }: OnnxNode, { attributes: names, floats = false }: Operator): Attributes {
  const found = attributes.map(({ name, type, float, integer, integers }) => {
    const given = [
      float === null ? [] : FLOAT,
      integer === null ? [] : INT,
      integers.length === 0 ? [] : INTS,
    ].flat();
    const valid = given.length === 1 && given[0] === type && (type === FLOAT) === floats;
    hold(valid, () => `attribute "${name}" is not ${floats ? 'a float' : 'an integer or integers'}`);
    return [name ?? '', float ?? integer ?? integers] as const;
  });
  const given = found.map(([name]) => name).sort();
  hold(given.join(' ') === names.join(' '), () => `expected the attributes [${names}], got [${given}]`);
  return Object.fromEntries(found);
}

/** Images in between have the sides of inputs and outputs, and not many more channels than the config names. */
function imageCheck(signature: Signature, { channels, levels, hiddenChannels }: GraphLimits['config']) {
  const { inputs, outputs } = signature;
  const known = new Set([...Object.values(inputs), ...Object.values(outputs)].flat());
  const most = 4 * Math.max(hiddenChannels, channels * 2 ** (levels + 1));
  return ({ shape }: Value): void => {
    const numbers = shape.filter((extent) => typeof extent === 'number');
    const named = shape.filter((extent) => typeof extent === 'string');
    hold(
      numbers.reduce((size, extent) => size * extent, 1) <= most &&
        named.every((extent) => known.has(extent)),
      () => `[${shape}] is larger than a model of this config needs`,
    );
  };
}
