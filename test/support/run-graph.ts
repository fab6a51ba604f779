import { encodeModel, type Graph } from '@glow-onnx/graph';
import { InferenceSession, Tensor } from 'onnxruntime-node';

export const producer = { name: 'test', version: '0' };

export interface Numbers {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** Runs a self-contained graph in ONNX Runtime on the CPU. */
export async function runGraph(
  graph: Graph,
  feeds: Record<string, Numbers>,
): Promise<Record<string, Numbers>> {
  const session = await InferenceSession.create(encodeModel(graph, { producer }), { logSeverityLevel: 2 });
  try {
    const tensors = Object.entries(feeds).map(([name, { shape, data }]) => [
      name,
      new Tensor('float32', Float32Array.from(data), shape),
    ]);
    const outputs = await session.run(Object.fromEntries(tensors));
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { dims, data }]) => [
        name,
        { shape: [...dims], data: Array.from(data as Float32Array) },
      ]),
    );
  } finally {
    await session.release();
  }
}
