import { basename, join } from 'node:path';
import type { Manifest } from '@glow-onnx/flow';
import type { GraphVariant, Precision } from '@glow-onnx/flow/internal';
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

/** A model folder with its manifest's claims and its golden values. */
export interface ModelOnDisk {
  readonly folder: string;
  readonly manifest: Pick<Manifest, 'config' | 'variants' | 'toleranceFactor'>;
  readonly golden: Golden;
}

/**
 * Runs both graphs of a precision on a device and compares them with the golden values.
 * @param progress called with a line before each graph runs.
 * @throws Error if a graph cannot be opened or run, or golden.safetensors lacks a tensor.
 */
export async function measureErrors(
  { folder, manifest, golden }: ModelOnDisk,
  precision: Precision,
  device: Device,
  progress?: (step: string) => void,
): Promise<Measurement[]> {
  const variant = manifest.variants[precision];
  const { levels } = manifest.config;
  const slack = manifest.toleranceFactor ?? 1;
  const run = async (graph: 'encode' | 'decode', inputs: readonly Record<string, FloatTensor>[]) => {
    progress?.(`${variant[graph]} on ${device}`);
    return runAll(await sourceOf(folder, variant, graph, device), device, inputs);
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

/** ONNX Runtime reads files itself, except for its web build, which takes bytes. */
async function sourceOf(
  folder: string,
  variant: GraphVariant,
  graph: 'encode' | 'decode',
  device: Device,
): Promise<SessionOptions> {
  const path = join(folder, variant[graph]);
  if (device !== 'wasm') return { model: path };
  const { weights } = variant;
  const model = await readWholeFile(path);
  if (weights === null) return { model };
  return {
    model,
    externalData: [{ path: basename(weights), data: await readWholeFile(join(folder, weights)) }],
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
