import { join } from 'node:path';
import type { Precision } from '@glow-onnx/flow/internal';
import type { GraphKind } from '@glow-onnx/runtime/internal';
import { readWholeFile } from '@glow-onnx/runtime/internal-node';
import type { Device, Measurement } from '@glow-onnx/runtime/session';
import { type ClaimedModel, type GraphSource, measureGraphs } from './measure-graphs.js';
import { readGraph } from './read-graph.js';

/** A model folder with its manifest's claims and its golden values. */
export interface ModelOnDisk extends ClaimedModel {
  readonly folder: string;
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
  try {
    return await measureGraphs(model, precision, device, (graph) => {
      progress?.(`${model.manifest.variants[precision][graph]} on ${device}`);
      return sourceOf(model, precision, graph, device);
    });
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
): Promise<GraphSource> {
  const { bytes, folder, weights } = await readGraph(model, precision, graph);
  if (device !== 'wasm') return { model: bytes, folder };
  if (weights === null) return { model: bytes };
  return {
    model: bytes,
    externalData: [{ path: weights, data: await readWholeFile(join(folder, weights)) }],
  };
}
