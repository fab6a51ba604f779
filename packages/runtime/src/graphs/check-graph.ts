import type { GlowConfig, Precision } from '@glow-onnx/flow/manifest';
import { mapOf, type WeightsOf } from './constants.js';
import { hold, within } from './fault.js';
import { inferValues } from './infer-values.js';
import { liveBytesPerPixel } from './live-values.js';
import { type OnnxValue, readModel } from './onnx-model.js';
import { featureOperators, gradientOperators, operators, typeOf, type Value } from './operators.js';
import { type DerivedKind, type GraphKind, type Signature, signatureOf } from './signature.js';

/** What a folder says of a graph. */
export interface GraphClaims {
  readonly kind: GraphKind | DerivedKind;
  readonly config: GlowConfig;
  readonly precision: Precision;
  /** Absent if the graph holds all its weights. */
  readonly weights?: WeightsOf | undefined;
}

/** What a checked graph says of itself. */
export interface CheckedGraph {
  readonly signature: Signature;
  /** Bytes of the values that live at once, for each pixel of an image. */
  readonly bytesPerPixel: number;
  /** Its `metadata_props`. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** Most values of an .onnx file for each step. The largest steps that glow-onnx export writes have a half of them. */
const valuesPerStep = 2000;
/** A graph with its derivative has three times as many. */
const gradientValuesPerStep = 6000;

/**
 * Holds an .onnx file to what docs/format.md says of its kind, before ONNX Runtime reads it. Weights are not copied.
 * @param where the file, for messages.
 * @throws RangeError naming the file, the node or tensor, and the fault.
 */
export function checkGraph(file: Uint8Array, claims: GraphClaims, where: string): CheckedGraph {
  return within(
    () => `${where} is not a graph of this model; export the model again`,
    () => check(file, claims),
  );
}

function check(file: Uint8Array, { kind, config, precision, weights }: GraphClaims): CheckedGraph {
  const isGradient = kind === 'encode-gradient' || kind === 'decode-gradient';
  const isFeatures = kind === 'encode-features';
  const perStep = isGradient ? gradientValuesPerStep : valuesPerStep;
  const { irVersion, opsets, graph, metadata } = readModel(
    file,
    perStep * (config.levels * config.steps + 2),
  );
  const [opset, ...others] = opsets;
  hold(irVersion === 8, () => `expected IR version 8, got ${irVersion}`);
  hold(opset?.version === 17 && !opset.domain && others.length === 0, () => 'expected opset 17 and no other');
  hold(graph !== null, () => 'expected a graph');
  const signature = signatureOf(kind, config);
  const { inputs, outputs } = signature;
  // Equal weights are stored once, and int8 weights become float32.
  const constantBytes = 2 ** 24 + 16 * (file.length + (weights?.bytes ?? 0));
  const values = inferValues(graph, signature, {
    operators: isGradient ? gradientOperators : isFeatures ? featureOperators : operators,
    ...{ config, precision, weights, constantBytes },
  });
  const bytesPerPixel = liveBytesPerPixel(graph, values, config, !isGradient && !isFeatures);
  const computed = new Set(graph.nodes.map((node) => node.outputs[0]));
  holdNames('inputs', graph.inputs, inputs);
  holdNames('outputs', graph.outputs, outputs);
  const used = new Set([...Object.keys(outputs), ...graph.nodes.flatMap((node) => node.inputs)]);
  for (const name of computed) hold(used.has(name ?? ''), () => `nothing uses the value "${name}"`);
  for (const [name, shape] of Object.entries(outputs)) {
    const found = computed.has(name) ? values.get(name) : undefined;
    const [wanted, got] = [`float32 [${shape}]`, describe(found)];
    hold(got === wanted, () => `output "${name}": expected ${wanted}, got ${got}`);
  }
  for (const value of [...graph.inputs, ...graph.outputs, ...graph.values]) {
    const [said, found] = [claimOf(value), describe(values.get(value.name ?? ''))];
    hold(said === found, () => `value "${value.name}" is ${found}, but the file says ${said}`);
  }
  return { signature, bytesPerPixel, metadata: mapOf(metadata) };
}

function holdNames(what: string, given: readonly OnnxValue[], expected: Signature['inputs']): void {
  const [names, wanted] = [given.map(({ name }) => name).join(', '), Object.keys(expected).join(', ')];
  hold(names === wanted, () => `expected the ${what} ${wanted}, got ${names}`);
}

function describe(value: Value | undefined): string {
  return value ? `${value.type} [${value.shape}]` : 'nothing that is computed';
}

/** The description of a value that the file gives. */
function claimOf({ type }: OnnxValue): string {
  const { type: code = null, shape } = type?.tensor ?? {};
  const extents = shape?.dims.map(({ extent, symbol }) => {
    hold(
      symbol === null ? extent !== null : extent === null && /^[a-z]+(\/\d+)?$/.test(symbol),
      () => 'expected extents or their names',
    );
    return extent ?? symbol;
  });
  hold(extents !== undefined, () => 'a shape is not given');
  return `${typeOf(code)} [${extents}]`;
}
