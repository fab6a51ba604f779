import { join } from 'node:path';
import type { Manifest } from '@glow-onnx/flow';
import type { Precision } from '@glow-onnx/flow/internal';
import { checkGoldenSize, type GraphKind } from '@glow-onnx/runtime/internal';
import { readWholeFile } from '@glow-onnx/runtime/internal-node';
import {
  type Device,
  type FloatTensor,
  type Golden,
  type Measurement,
  measureGolden,
  openSession,
  type SessionOptions,
} from '@glow-onnx/runtime/session';
import { readGraph } from './read-graph.js';

/** A model folder with its manifest's claims and its golden values. */
export interface ModelOnDisk {
  readonly folder: string;
  readonly manifest: Pick<Manifest, 'config' | 'variants' | 'toleranceFactor'>;
  readonly golden: Golden;
}

/**
 * Runs both graphs of a precision on a device and compares them with the golden values.
 * @param progress called with a line before each graph runs.
 * @throws RangeError if a graph is not one of this model. @throws Error if it cannot be opened or run, or
 * golden.safetensors lacks a tensor.
 */
export async function measureErrors(
  model: ModelOnDisk,
  precision: Precision,
  device: Device,
  progress?: (step: string) => void,
): Promise<Measurement[]> {
  const { golden, manifest } = model;
  checkGoldenSize(golden, manifest.config);
  const { levels } = manifest.config;
  const slack = manifest.toleranceFactor ?? 1;
  const run = async (graph: GraphKind, inputs: readonly Record<string, FloatTensor>[]) => {
    progress?.(`${manifest.variants[precision][graph]} on ${device}`);
    return runAll(await sourceOf(model, precision, graph, device), device, inputs);
  };
  try {
    return await measureGolden({ golden, levels, precision, device, slack, run });
  } catch (cause) {
    if (device !== 'webgpu' || precision !== 'fp16') throw cause;
    throw new Error(
      `${(cause as Error).message} Half precision on WebGPU also needs an adapter with shader-f16.`,
      { cause },
    );
  }
}

/** ONNX Runtime reads the weights itself, except for its web build, which takes bytes. */
async function sourceOf(
  model: ModelOnDisk,
  precision: Precision,
  graph: GraphKind,
  device: Device,
): Promise<SessionOptions> {
  const { bytes, folder, weights } = await readGraph(model, precision, graph);
  if (device !== 'wasm') return { model: bytes, folder };
  if (weights === null) return { model: bytes };
  return {
    model: bytes,
    externalData: [{ path: weights, data: await readWholeFile(join(folder, weights)) }],
  };
}

async function runAll(source: SessionOptions, device: Device, feeds: readonly Record<string, FloatTensor>[]) {
  const session = await openSession({ ...source, device });
  try {
    const outputs: Record<string, FloatTensor>[] = [];
    for (const feed of feeds) outputs.push(await session.run(feed));
    return outputs;
  } finally {
    await session.release();
  }
}
