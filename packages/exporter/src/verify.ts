import { join } from 'node:path';
import type { GraphVariant, Precision } from '@glow-onnx/flow';
import {
  type Device,
  type FloatTensor,
  type Golden,
  type Measurement,
  measureGolden,
  openSession,
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
}

/**
 * Runs both graphs of a variant and compares them with the float64 interpreter.
 * @throws Error if a graph cannot be opened or run, or golden.safetensors lacks a tensor.
 */
export function verifyGraphs({ folder, variant, device, ...request }: VerifyRequest): Promise<Measurement[]> {
  return measureGolden({
    ...request,
    device,
    run: (graph, inputs) => runAll(join(folder, variant[graph]), device, inputs),
  });
}

async function runAll(model: string, device: Device, feeds: readonly Record<string, FloatTensor>[]) {
  const session = await openSession({ model, device });
  try {
    const outputs: Record<string, FloatTensor>[] = [];
    for (const feed of feeds) outputs.push(await session.run(feed));
    return outputs;
  } finally {
    await session.release();
  }
}
