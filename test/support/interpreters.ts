import { type Float64Tensor, float64Ops, type Named, type Ops, tensor } from '@glow-onnx/flow';
import { graph, input } from '@glow-onnx/graph';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import { onnxOps } from '../../packages/exporter/src/build/onnx-ops.js';
import { imageFromTensor, imageTensor, tfjsOps } from '../../packages/trainer/src/tfjs/tfjs-ops.js';
import { runGraph } from './run-graph.js';

/** Results, images or vectors, that a computation makes of images, in whatever its interpreter calls a value. */
export type Computation = <T>(ops: Ops<T>, images: Named<T>) => readonly T[];

/** A way to run a computation on given images, other than `float64Ops`. */
export interface Interpreter {
  readonly name: string;
  /** Largest error relative to the largest value: float32 rounding through one layer. */
  readonly tolerance: number;
  run(images: Named<Float64Tensor>, computation: Computation): Promise<Float64Tensor[]>;
}

function mapValues<A, B>(named: Named<A>, f: (value: A) => B): Named<B> {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [name, f(value)]));
}

async function runTfjs(images: Named<Float64Tensor>, computation: Computation): Promise<Float64Tensor[]> {
  await tf.setBackend('wasm');
  const results = tf.tidy(() => [...computation<tf.Tensor>(tfjsOps, mapValues(images, imageTensor))]);
  return Promise.all(
    results.map(async (result) =>
      result.rank === 4 ? imageFromTensor(result) : tensor(result.shape, await result.data()),
    ),
  );
}

async function runOnnx(images: Named<Float64Tensor>, computation: Computation): Promise<Float64Tensor[]> {
  const inputs = Object.entries(images).map(([name, { shape }]) => input(name, 'float32', shape));
  const values = Object.fromEntries(Object.keys(images).map((name, i) => [name, inputs[i]]));
  const results = computation(onnxOps, values);
  const outputs = Object.fromEntries(results.map((result, i) => [`result${i}`, result]));
  const feeds = mapValues(images, ({ shape, data }) => ({ shape, data: [...data] }));
  const got = await runGraph(graph({ name: 'test', inputs, outputs }), feeds);
  return results.map((_, i) => tensor(got[`result${i}`].shape, got[`result${i}`].data));
}

export const interpreters: readonly Interpreter[] = [
  { name: 'TensorFlow.js', tolerance: 1e-5, run: runTfjs },
  { name: 'ONNX Runtime', tolerance: 1e-5, run: runOnnx },
];

/** The reference for all of them. */
export async function runFloat64(
  images: Named<Float64Tensor>,
  computation: Computation,
): Promise<Float64Tensor[]> {
  return [...computation(float64Ops, images)];
}
