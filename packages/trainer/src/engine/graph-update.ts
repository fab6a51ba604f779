import {
  abs,
  add,
  div,
  encodeModel,
  type GraphSpec,
  graph,
  input,
  max,
  mul,
  scalar,
  sqrt,
  sub,
  symbol,
  type Value,
} from '@glow-onnx/graph';
import { DeviceError, type FloatTensor, openSession } from '@glow-onnx/runtime/session';
import type { OptimizerName } from '../settings.js';
import { BETA1, BETA2, type Scales, type Update, updates } from './optimizer.js';

/** Numbers at once: what a step touches of them stays in the processor's caches from one node to the next. */
const PIECE = 262_144;

/** What takes steps, and how to close it. */
export interface OpenUpdate {
  readonly update: Update;
  close(): Promise<void>;
}

/**
 * What takes steps fastest: the graph where there are threads enough to share its passes over memory, which are many
 * for JavaScript's one, and parameters enough to matter.
 */
export async function openUpdate(
  optimizer: OptimizerName,
  { size, threads, average }: { size: number; threads: number; average: boolean },
): Promise<OpenUpdate> {
  const inJavaScript = { update: updates[optimizer], close: async () => {} };
  if (threads < 4 || size < 16 * PIECE) return inJavaScript;
  return openGraphUpdate(optimizer, { threads, average }).catch((error) => {
    if (error instanceof DeviceError) return inJavaScript;
    throw error;
  });
}

/**
 * Steps taken by ONNX Runtime on the cpu, in place, piece by piece.
 * @throws DeviceError if ONNX Runtime is not here.
 */
export async function openGraphUpdate(
  optimizer: OptimizerName,
  { threads, average: averaged }: { threads: number; average: boolean },
): Promise<OpenUpdate> {
  const model = encodeModel(graph(updateGraph(optimizer, averaged)), {
    producer: { name: '@glow-onnx/trainer', version: '' },
  });
  const { run, release } = await openSession({ model, device: 'cpu', threads });
  return {
    async update({ parameters, average, m, v }, gradient, scales) {
      const { share, ...others } = scales;
      const numbers = Object.entries(averaged ? scales : others).map(([name, value]) => [
        name,
        { shape: [], data: Float32Array.of(value) },
      ]);
      for (let from = 0; from < parameters.length; from += PIECE) {
        const piece = (vector: Float32Array): FloatTensor => {
          const data = vector.subarray(from, from + PIECE);
          return { shape: [data.length], data };
        };
        const learned = {
          ...{ parameters: piece(parameters), m: piece(m), v: piece(v) },
          ...(average && { average: piece(average) }),
        };
        const next = Object.entries(learned).map(([name, place]) => [`next/${name}`, place]);
        await run(
          { ...learned, gradient: piece(gradient), ...Object.fromEntries(numbers) },
          Object.fromEntries(next),
        );
      }
    },
    close: release,
  };
}

/**
 * The same step as `updates`, as a graph: (learned, gradient, scales) → learned. Vectors of any one length.
 * @param averaged whether there is an average to keep.
 */
export function updateGraph(optimizer: OptimizerName, averaged: boolean): GraphSpec {
  const vector = (name: string) => input(name, 'float32', [symbol('n')]);
  const number = (name: keyof Scales) => input(name, 'float32', []);
  const gradient = vector('gradient');
  const before = { parameters: vector('parameters'), m: vector('m'), v: vector('v') };
  const scales = {
    ...{ toM: number('toM'), toV: number('toV') },
    ...{ stride: number('stride'), epsilon: number('epsilon') },
  };
  const m = add(mul(before.m, scalar(BETA1)), mul(gradient, scales.toM));
  const faded = mul(before.v, scalar(BETA2));
  const rules: Record<OptimizerName, () => { v: Value; size: Value }> = {
    adam() {
      const v = add(faded, mul(mul(gradient, gradient), scales.toV));
      return { v, size: sqrt(v) };
    },
    adamax() {
      const v = max(faded, mul(abs(gradient), scales.toV));
      return { v, size: v };
    },
  };
  const { v, size } = rules[optimizer]();
  const parameters = sub(before.parameters, mul(div(m, add(size, scales.epsilon)), scales.stride));
  const inputs = [...Object.values(before), gradient, ...Object.values(scales)];
  const outputs = { 'next/parameters': parameters, 'next/m': m, 'next/v': v };
  if (!averaged) return { name: optimizer, inputs, outputs };
  const [average, share] = [vector('average'), number('share')];
  const followed = add(average, mul(sub(parameters, average), share));
  return {
    name: optimizer,
    inputs: [...inputs, average, share],
    outputs: { ...outputs, 'next/average': followed },
  };
}
