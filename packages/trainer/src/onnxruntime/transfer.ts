import type { Named } from '@glow-onnx/flow';
import { encodeModel, graph, input } from '@glow-onnx/graph';
import {
  type DeviceTensor,
  type FloatTensor,
  type KeptOutputs,
  openSession,
  type RuntimeOptions,
} from '@glow-onnx/runtime/session';
import type { Place } from '../engine/parameters.js';

/** Copies parameters to the memory of a GPU, or from there. */
export interface Transfer {
  /** The copies, by the names of the parameters; those on the GPU are the caller's to dispose of. */
  copy(parameters: Named<FloatTensor | DeviceTensor>): Promise<KeptOutputs>;
  release(): Promise<void>;
}

/** A graph that gives what it is given: ONNX Runtime for Node has no other way to read or write a GPU's memory. */
export async function openTransfer(
  to: 'gpu' | 'host',
  places: readonly Place[],
  runtime: RuntimeOptions,
): Promise<Transfer> {
  const inputs = places.map(({ name, shape }) => input(from(name), 'float32', shape));
  const outputs = Object.fromEntries(places.map(({ name }, i) => [name, inputs[i]]));
  const copy = graph({ name: `to ${to}`, inputs, outputs });
  const session = await openSession({
    ...runtime,
    model: encodeModel(copy, { producer: { name: '@glow-onnx/trainer', version: '' } }),
    device: 'webgpu',
    kept: to === 'gpu' ? Object.keys(outputs) : [],
  });
  return {
    copy: (parameters) =>
      session.runKept(Object.fromEntries(places.map(({ name }) => [from(name), parameters[name]]))),
    release: session.release,
  };
}

function from(name: string): string {
  return `from/${name}`;
}
