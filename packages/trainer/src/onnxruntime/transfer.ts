import type { Named } from '@glow-onnx/flow';
import { graph, input } from '@glow-onnx/graph';
import {
  type DeviceTensor,
  type FloatTensor,
  type KeptOutputs,
  openSession,
  type RuntimeOptions,
} from '@glow-onnx/runtime/session';
import type { Place } from '../engine/parameters.js';
import { encodeGraph } from './encode-graph.js';

/** Copies parameters to or from the memory of a GPU. */
export interface Transfer {
  /** The copies, by the names of the parameters. The caller disposes of copies on the GPU. */
  copy(parameters: Named<FloatTensor | DeviceTensor>): Promise<KeptOutputs>;
  release(): Promise<void>;
}

/** Opens a graph that returns its inputs: ONNX Runtime for Node has no other access to the memory of a GPU. */
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
    model: encodeGraph(copy),
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
