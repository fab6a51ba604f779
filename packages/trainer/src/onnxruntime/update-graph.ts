import type { Named } from '@glow-onnx/flow';
import {
  add,
  concat,
  div,
  input,
  mul,
  reshape,
  scalar,
  slice,
  sqrt,
  sub,
  type Value,
} from '@glow-onnx/graph';
import { abs, type GraphSpec, max } from '@glow-onnx/graph/internal';
import type { FloatTensor } from '@glow-onnx/runtime/session';
import { isKernel, type KernelStack, kernelStacks } from '../engine/muon.js';
import type { OptimizerName, Scales, updates } from '../engine/optimizer.js';
import type { Place } from '../engine/parameters.js';
import { orthogonal } from './orthogonalise.js';

/** `Learned` as values of a graph. */
interface LearnedValues {
  readonly parameters: Value;
  readonly m: Value;
  readonly v: Value;
  readonly average?: Value;
}

/** The values before a step of one parameter, and its gradient. */
interface StepInputs {
  readonly before: LearnedValues;
  readonly gradient: Value;
}

/**
 * The step of an optimiser as a graph: (learned, gradient, scales) → learned, for each parameter. Inputs are named
 * `<vector>/<parameter>`, outputs `next/<vector>/<parameter>`.
 * @param averaged whether an average of the parameters is kept.
 */
export function updateGraph(
  optimizer: OptimizerName,
  places: readonly Place[],
  averaged: boolean,
): GraphSpec {
  const scales = Object.fromEntries(
    scaleNames(optimizer, averaged).map((name) => [name, input(name, 'float32', [])]),
  );
  const inputs = Object.values(scales);
  const outputs: Record<string, Value> = {};
  const inputsOf = ({ name, shape }: Place): StepInputs => {
    const vectorInput = (vector: string): Value => {
      const value = input(`${vector}/${name}`, 'float32', shape);
      inputs.push(value);
      return value;
    };
    const before: LearnedValues = {
      ...{ parameters: vectorInput('parameters'), m: vectorInput('m'), v: vectorInput('v') },
      ...(averaged && { average: vectorInput('average') }),
    };
    return { before, gradient: vectorInput('gradient') };
  };
  const outputsOf = ({ name }: Place, next: LearnedValues): void => {
    for (const [vector, value] of Object.entries(next)) outputs[`next/${vector}/${name}`] = value;
  };
  const turns = (place: Place): boolean => optimizer === 'muon' && isKernel(place);
  for (const place of places.filter((place) => !turns(place))) {
    outputsOf(place, elementwiseStep(optimizer === 'muon' ? 'adam' : optimizer, inputsOf(place), scales));
  }
  for (const stack of kernelStacks(places.filter(turns))) {
    const next = muonStep(stack, stack.places.map(inputsOf), scales);
    for (const [i, place] of stack.places.entries()) outputsOf(place, next[i]);
  }
  return { name: optimizer, inputs, outputs };
}

/** The inputs of the graph for the scales of a step. */
export function scaleFeeds(optimizer: OptimizerName, scales: Scales, averaged: boolean): Named<FloatTensor> {
  return Object.fromEntries(
    scaleNames(optimizer, averaged).map((name) => [name, { shape: [], data: Float32Array.of(scales[name]) }]),
  );
}

function scaleNames(optimizer: OptimizerName, averaged: boolean): (keyof Scales)[] {
  return [
    ...(['beta1', 'toM', 'beta2', 'toV', 'stride', 'epsilon'] as const),
    ...(averaged ? (['share'] as const) : []),
    ...(optimizer === 'muon' ? (['rate'] as const) : []),
  ];
}

function elementwiseStep(
  optimizer: keyof typeof updates,
  { before, gradient }: StepInputs,
  scales: Named<Value>,
): LearnedValues {
  const m = momentum(before, gradient, scales);
  const { beta2, toV, stride, epsilon } = scales;
  const faded = mul(before.v, beta2);
  const rules = {
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
  return withAverage(before, { parameters, m, v }, scales);
}

/** The steps of kernels whose matrices have the same shape, in the order of the stack. */
function muonStep({ shape, gain }: KernelStack, steps: readonly StepInputs[], scales: Named<Value>) {
  const [, rows, columns] = shape;
  const momenta = steps.map(({ before, gradient }) => momentum(before, gradient, scales));
  const ahead = steps.map(({ gradient }, i) =>
    reshape(add(mul(momenta[i], scales.beta1), mul(gradient, scales.toM)), [1, rows, columns]),
  );
  const turned = mul(orthogonal(concat(ahead, 0)), mul(scales.rate, scalar(gain)));
  return steps.map(({ before }, i) => {
    const direction = reshape(slice(turned, 0, i, i + 1), before.parameters.shape as number[]);
    const parameters = sub(before.parameters, direction);
    const v = mul(before.v, scales.beta2); // stays zero: an output of the graph has to be computed
    return withAverage(before, { parameters, m: momenta[i], v }, scales);
  });
}

function momentum({ m }: LearnedValues, gradient: Value, { beta1, toM }: Named<Value>): Value {
  return add(mul(m, beta1), mul(gradient, toM));
}

function withAverage(
  { average }: LearnedValues,
  next: LearnedValues,
  { share }: Named<Value>,
): LearnedValues {
  return average ? { ...next, average: add(average, mul(sub(next.parameters, average), share)) } : next;
}
