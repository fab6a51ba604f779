import { type Float64Tensor, float64Ops, type Named, type Ops, tensor } from '@glow-onnx/flow';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import { imageFromTensor, imageTensor, tfjsOps } from '../packages/trainer/src/tfjs-ops';

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

export const interpreters: readonly Interpreter[] = [
  { name: 'TensorFlow.js', tolerance: 1e-5, run: runTfjs },
];

/** The reference for all of them. */
export async function runFloat64(
  images: Named<Float64Tensor>,
  computation: Computation,
): Promise<Float64Tensor[]> {
  return [...computation(float64Ops, images)];
}
