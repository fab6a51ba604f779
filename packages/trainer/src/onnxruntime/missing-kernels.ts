import { type Graph, graph, input, type Value } from '@glow-onnx/graph';
import { type Device, openSession } from '@glow-onnx/runtime/session';
import { encodeGraph } from './encode-graph.js';

/** The operators of a graph that a device has no kernel for. Each is tried in a graph of its own. */
export async function missingKernels({ nodes }: Graph, device: Device): Promise<string[]> {
  const missing = new Set<string>();
  const tried = new Set<string>();
  for (const { operator, attributes, output } of nodes) {
    const { source } = output;
    if (source.kind !== 'node') continue;
    const ranks = source.inputs.map(({ dtype, shape }) => [dtype, shape.length]);
    const form = JSON.stringify([operator, attributes, ranks]);
    if (missing.has(operator) || tried.has(form)) continue;
    tried.add(form);
    const inputs = source.inputs.map((value, i) =>
      value.source.kind === 'constant' ? value : input(`x${i}`, value.dtype, value.shape),
    );
    const y: Value = { ...output, source: { ...source, inputs } };
    const fed = inputs.filter(({ source: { kind } }) => kind === 'input');
    const model = encodeGraph(graph({ name: operator, inputs: fed, outputs: { y } }));
    const opened = await openSession({ model, device }).catch(() => undefined);
    if (opened) await opened.release();
    else missing.add(operator);
  }
  return [...missing];
}
