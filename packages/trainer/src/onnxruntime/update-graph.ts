import type { Named } from '@glow-onnx/flow';
import { add, div, input, mul, sqrt, sub, type Value } from '@glow-onnx/graph';
import { abs, type GraphSpec, max } from '@glow-onnx/graph/internal';
import type { FloatTensor } from '@glow-onnx/runtime/session';
import type { OptimizerName, Scales } from '../engine/optimizer.js';
import type { Place } from '../engine/parameters.js';

/** `Learned` as values of a graph. */
interface LearnedValues {
  readonly parameters: Value;
  readonly m: Value;
  readonly v: Value;
  readonly average?: Value;
}

/**
 * The step of `updates` as a graph: (learned, gradient, scales) → learned, for each parameter. Inputs are named
 * `<vector>/<parameter>`, outputs `next/<vector>/<parameter>`.
 * @param averaged whether an average of the parameters is kept.
 */
export function updateGraph(
  optimizer: OptimizerName,
  places: readonly Place[],
  averaged: boolean,
): GraphSpec {
  const scales = Object.fromEntries(scaleNames(averaged).map((name) => [name, input(name, 'float32', [])]));
  const inputs = Object.values(scales);
  const outputs: Record<string, Value> = {};
  for (const { name, shape } of places) {
    const vectorInput = (vector: string): Value => {
      const value = input(`${vector}/${name}`, 'float32', shape);
      inputs.push(value);
      return value;
    };
    const before: LearnedValues = {
      ...{ parameters: vectorInput('parameters'), m: vectorInput('m'), v: vectorInput('v') },
      ...(averaged && { average: vectorInput('average') }),
    };
    const next = stepOf(optimizer, before, vectorInput('gradient'), scales);
    for (const [vector, value] of Object.entries(next)) outputs[`next/${vector}/${name}`] = value;
  }
  return { name: optimizer, inputs, outputs };
}

/** The inputs of the graph for the scales of a step. */
export function scaleFeeds(scales: Scales, averaged: boolean): Named<FloatTensor> {
  return Object.fromEntries(
    scaleNames(averaged).map((name) => [name, { shape: [], data: Float32Array.of(scales[name]) }]),
  );
}

function scaleNames(averaged: boolean): (keyof Scales)[] {
  return ['beta1', 'toM', 'beta2', 'toV', 'stride', 'epsilon', ...(averaged ? (['share'] as const) : [])];
}

function stepOf(
  optimizer: OptimizerName,
  before: LearnedValues,
  gradient: Value,
  { beta1, toM, beta2, toV, stride, epsilon, share }: Named<Value>,
): LearnedValues {
  const m = add(mul(before.m, beta1), mul(gradient, toM));
  const faded = mul(before.v, beta2);
  const rules: Record<OptimizerName, () => { v: Value; size: Value }> = {
    adam() {
      const v = add(faded, mul(mul(gradient, gradient), toV));
      return { v, size: sqrt(v) };
    },
    adamax() {
      const v = max(faded, mul(abs(gradient), toV));
      return { v, size: v };
    },
  };
  const { v, size } = rules[optimizer]();
  const parameters = sub(before.parameters, mul(div(m, add(size, epsilon)), stride));
  if (!before.average) return { parameters, m, v };
  return { parameters, m, v, average: add(before.average, mul(sub(parameters, before.average), share)) };
}
