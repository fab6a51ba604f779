import { basename, join } from 'node:path';
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

/** Graphs to measure, and what float64 makes of the golden images. */
export interface VerifyRequest {
  readonly folder: string;
  readonly variant: GraphVariant;
  readonly precision: Precision;
  readonly device: Device;
  readonly levels: number;
  readonly golden: Golden;
  /** Factor on the tolerances. */
  readonly slack: number;
  /** Told each graph before it runs. */
  readonly progress?: ((step: string) => void) | undefined;
}

/**
 * Runs both graphs of a variant and compares them with the float64 interpreter.
 * @throws Error if a graph cannot be opened or run, or golden.safetensors lacks a tensor.
 */
export function verifyGraphs({
  folder,
  variant,
  device,
  progress,
  ...request
}: VerifyRequest): Promise<Measurement[]> {
  return measureGolden({
    ...request,
    device,
    run: async (graph, inputs) => {
      progress?.(`${variant[graph]} on ${device}`);
      return runAll(await sourceOf(folder, variant, graph, device), device, inputs);
    },
  });
}

/** ONNX Runtime reads files itself, but for its web build, which is given bytes. */
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
