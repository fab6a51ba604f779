import { encodeModel, type Graph } from '@glow-onnx/graph';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { FloatTensor } from '../../packages/runtime/src/sessions/tensor.js';

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
  const outputs = await runModel(encodeModel(graph, { producer }), feeds);
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { shape, data }]) => [name, { shape, data: Array.from(data) }]),
  );
}

/** The same for the bytes of an .onnx file, with numbers of any type. */
export async function runModel(
  model: Uint8Array,
  feeds: Readonly<Record<string, { readonly shape: readonly number[]; readonly data: ArrayLike<number> }>>,
): Promise<Record<string, FloatTensor>> {
  const session = await InferenceSession.create(model, { logSeverityLevel: 3 });
  try {
    const tensors = Object.entries(feeds).map(([name, { shape, data }]) => [
      name,
      new Tensor('float32', Float32Array.from(data), [...shape]),
    ]);
    const outputs = await session.run(Object.fromEntries(tensors));
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { dims, data }]) => [
        name,
        { shape: [...dims], data: Float32Array.from(data as Float32Array) },
      ]),
    );
  } finally {
    await session.release();
  }
}
