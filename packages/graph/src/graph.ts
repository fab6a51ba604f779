import {
  type Attributes,
  type Constant,
  describe,
  isConstant,
  isStored,
  node,
  type Source,
  type Stored,
  type Value,
} from './value.js';

/** The inputs and outputs of a graph to build. */
export interface GraphSpec {
  readonly name: string;
  readonly doc?: string;
  /** All inputs, in the order of the file's signature. An input that no output needs stays in the signature. */
  readonly inputs: readonly Value[];
  /** Outputs by name, in order. */
  readonly outputs: Readonly<Record<string, Value>>;
  /** Descriptions of inputs and outputs, by name. */
  readonly docs?: Readonly<Record<string, string>>;
}

/** A value with its final name. */
export type NamedValue = Value & { readonly name: string };

/** An operator of a graph. */
export interface GraphNode {
  readonly operator: string;
  /** Names of tensors. */
  readonly inputs: readonly string[];
  readonly attributes: Attributes;
  readonly output: NamedValue;
}

/** A graph with its nodes in running order. It holds the tensors that its outputs need, and each has its own name. */
export interface Graph {
  readonly name: string;
  readonly doc: string;
  readonly docs: Readonly<Record<string, string>>;
  readonly inputs: readonly NamedValue[];
  readonly outputs: readonly NamedValue[];
  readonly constants: readonly ((Constant | Stored) & NamedValue)[];
  readonly nodes: readonly GraphNode[];
}

/**
 * Collects the tensors that the outputs need, and names them: an output by its key, another tensor by the name it was
 * given, else by its operator and the nearest named tensor that needs it, such as `log_prob/mul`.
 * @param spec `name`; `inputs` in the order of the signature; `outputs` by name; `doc` and `docs`, descriptions.
 * @throws Error if two tensors have the same name, or a needed input is not listed.
 * @example
 * const built = graph({ name: 'double', inputs: [x], outputs: { y: mul(x, scalar(2)) } });
 */
export function graph(spec: GraphSpec): Graph {
  const outputs = ownTensors(spec.outputs);
  const reached = reach(outputs);
  const names = nameTensors(spec, outputs, reached);
  const withName = <V extends Value>(value: V): V & NamedValue => ({
    ...value,
    name: names.get(value.source) as string,
  });
  const constants = new Map<string, (Constant | Stored) & NamedValue>();
  const nodes: GraphNode[] = [];
  for (const { value } of reached) {
    const { source } = value;
    if (isConstant(value) || isStored(value)) constants.set(names.get(source) as string, withName(value));
    if (source.kind !== 'node') continue;
    const inputs = source.inputs.map((v) => names.get(v.source) as string);
    nodes.push({ operator: source.operator, inputs, attributes: source.attributes, output: withName(value) });
  }
  const { name, doc = '', docs = {} } = spec;
  return {
    name,
    doc,
    docs,
    inputs: spec.inputs.map(withName),
    outputs,
    constants: [...constants.values()],
    nodes,
  };
}

/** Outputs as separate tensors: an input, a constant and a repeated output pass through Identity. */
function ownTensors(outputs: GraphSpec['outputs']): NamedValue[] {
  const seen = new Set<Source>();
  return Object.entries(outputs).map(([name, value]) => {
    const aliased = value.source.kind !== 'node' || seen.has(value.source);
    const own = aliased ? node('Identity', [value], value.shape, {}, value.dtype) : value;
    seen.add(own.source);
    return { ...own, name };
  });
}

export interface Reached {
  readonly value: Value;
  /** All names of the tensor, in the order of the walk. */
  readonly given: string[];
  /** The nearest named tensor that needs this one. */
  readonly scope: string;
}

/** All tensors that the outputs need, each after its own inputs. The walk does not continue past `leaves`. */
export function reach(outputs: readonly NamedValue[], leaves: ReadonlySet<Source> = new Set()): Reached[] {
  const order: Reached[] = [];
  const seen = new Map<Source, Reached>();
  // A stack instead of recursion: deep models exceed the call stack of JavaScript.
  const stack = outputs
    .map((value) => ({ value: value as Value, scope: value.name, ready: false }))
    .reverse();
  for (let top = stack.pop(); top; top = stack.pop()) {
    const { value, ready } = top;
    const known = seen.get(value.source);
    if (known && ready) order.push(known);
    else {
      if (value.name !== undefined) known?.given.push(value.name);
      if (known) continue;
      seen.set(value.source, {
        value,
        scope: top.scope,
        given: value.name === undefined ? [] : [value.name],
      });
      stack.push({ ...top, ready: true });
      if (value.source.kind !== 'node' || leaves.has(value.source)) continue;
      const scope = value.name ?? top.scope;
      stack.push(...value.source.inputs.map((v) => ({ value: v, scope, ready: false })).reverse());
    }
  }
  return order;
}

function nameTensors(
  spec: GraphSpec,
  outputs: readonly NamedValue[],
  reached: readonly Reached[],
): Map<Source, string> {
  const where = `graph "${spec.name}"`;
  const names = new Map<Source, string>();
  const taken = new Map<string, Value>();
  const assign = (value: Value, name: string): void => {
    const other = taken.get(name);
    if (other && other.source !== value.source) {
      throw new Error(`${where}: two tensors are named "${name}": ${describe(other)} and ${describe(value)}`);
    }
    taken.set(name, value);
    names.set(value.source, name);
  };
  for (const value of [...spec.inputs, ...outputs]) assign(value, value.name ?? '');
  for (const { value, given } of reached) {
    if (names.has(value.source)) continue;
    if (value.source.kind === 'input')
      throw new Error(`${where}: input ${describe(value)} is needed but not listed; add it to inputs`);
    if (given[0] !== undefined) assign(value, given[0]);
  }
  const copies = new Map<string, number>();
  for (const { value, scope } of reached) {
    if (names.has(value.source)) continue;
    const shared = isConstant(value) && value.source.data.length <= 4 ? nameOfContent(value) : undefined;
    if (shared !== undefined) {
      names.set(value.source, shared);
      continue;
    }
    const base = `${scope}/${value.source.kind === 'node' ? value.source.operator.toLowerCase() : 'constant'}`;
    let name = base;
    while (taken.has(name)) {
      const copy = (copies.get(base) ?? 1) + 1;
      copies.set(base, copy);
      name = `${base}${copy}`;
    }
    assign(value, name);
  }
  return names;
}

/**
 * The name of a small constant without a name is its content, such as int64[1]/6, so equal constants are stored once.
 */
function nameOfContent({ dtype, shape, source }: Constant): string {
  return `${dtype}[${shape.join()}]/${source.data.join()}`;
}
