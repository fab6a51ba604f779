import { type Float64Tensor, float64Ops, type Named, type Ops, tensor } from '@glow-onnx/flow';
import { graph, input, type Value } from '@glow-onnx/graph';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import { createOnnxOps } from '../../packages/exporter/src/build/onnx-ops.js';
import { imageOf, type TrainingValue } from '../../packages/trainer/src/onnxruntime/graph-image.js';
import { createGraphOps } from '../../packages/trainer/src/onnxruntime/graph-ops.js';
import type { HostValues } from '../../packages/trainer/src/onnxruntime/host-values.js';
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

function mapValues<A, B>(named: Named<A>, f: (value: A, name: string) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [name, f(value, name)]));
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

/** Constants become inputs of the graph, as parameters are in training; the host computes what ONNX cannot. */
async function runTraining(images: Named<Float64Tensor>, computation: Computation): Promise<Float64Tensor[]> {
  const given: Record<string, Float64Tensor> = mapValues(images, channelsLast);
  const rows = mapValues(given, ({ shape }, name) => input(name, 'float32', shape));
  const inputs: Value[] = Object.values(rows);
  const host: HostValues[] = [];
  const ops: Ops<TrainingValue> = {
    ...createGraphOps(host),
    constant(value) {
      const name = `constant ${inputs.length}`;
      const own = input(name, 'float32', value.shape);
      given[name] = value;
      inputs.push(own);
      return own;
    },
  };
  const results = computation(ops, mapValues(rows, imageOf));
  for (const { inputs: asked, compute } of host) {
    const computed = compute((name) => given[name]);
    for (const [key, own] of Object.entries(asked)) {
      given[own.name as string] = computed[key];
      inputs.push(own);
    }
  }
  const got = await runOutputs(inputs, given, results);
  return results.map(({ size }, i) => (size ? imageFromRows(got[i], size) : got[i]));
}

/** Batch × channels × height × width → batch × height × width × channels. */
function channelsLast({ shape, data }: Float64Tensor): Float64Tensor {
  const [batch, channels, height, width] = shape;
  const pixels = height * width;
  const moved = data.map((_, at) => {
    const [image, pixel, channel] = [
      Math.floor(at / (pixels * channels)),
      Math.floor(at / channels) % pixels,
      at % channels,
    ];
    return data[(image * channels + channel) * pixels + pixel];
  });
  return tensor([batch, height, width, channels], moved);
}

/** Channels × (height·width·batch) → batch × channels × height × width. */
function imageFromRows(
  { shape: [channels], data }: Float64Tensor,
  { batch, height, width }: Required<TrainingValue>['size'],
): Float64Tensor {
  const pixels = height * width;
  const moved = data.map((_, at) => {
    const [image, channel, pixel] = [
      Math.floor(at / (pixels * channels)),
      Math.floor(at / pixels) % channels,
      at % pixels,
    ];
    return data[(channel * pixels + pixel) * batch + image];
  });
  return tensor([batch, channels, height, width], moved);
}

async function runOnnx(images: Named<Float64Tensor>, computation: Computation): Promise<Float64Tensor[]> {
  const values = mapValues(images, ({ shape }, name) => input(name, 'float32', shape));
  return runOutputs(
    Object.values(values),
    images,
    computation(createOnnxOps({ height: 8, width: 8 }), values),
  );
}

/** What a graph of these results gives for these inputs in ONNX Runtime. */
async function runOutputs(
  inputs: readonly Value[],
  given: Named<Float64Tensor>,
  results: readonly Value[],
): Promise<Float64Tensor[]> {
  const outputs = Object.fromEntries(results.map((result, i) => [`result${i}`, result]));
  const feeds = mapValues(given, ({ shape, data }) => ({ shape, data: [...data] }));
  const got = await runGraph(graph({ name: 'test', inputs, outputs }), feeds);
  return results.map((_, i) => tensor(got[`result${i}`].shape, got[`result${i}`].data));
}

export const interpreters: readonly Interpreter[] = [
  { name: 'TensorFlow.js', tolerance: 1e-5, run: runTfjs },
  { name: 'ONNX Runtime', tolerance: 1e-5, run: runOnnx },
  { name: 'the training graph of ONNX Runtime', tolerance: 1e-5, run: runTraining },
];

/** The reference for all of them. */
export async function runFloat64(
  images: Named<Float64Tensor>,
  computation: Computation,
): Promise<Float64Tensor[]> {
  return [...computation(float64Ops, images)];
}
