import type { Manifest } from '@glow-onnx/flow';
import type { Precision } from '@glow-onnx/flow/internal';
import { checkGoldenSize, type GraphKind } from '@glow-onnx/runtime/internal';
import {
  type Device,
  type FloatTensor,
  type Golden,
  type Measurement,
  measureGolden,
  openSession,
  type SessionOptions,
} from '@glow-onnx/runtime/session';

/** What a manifest claims, and the golden values beside it. */
export interface ClaimedModel {
  readonly manifest: Pick<Manifest, 'config' | 'variants' | 'toleranceFactor' | 'roundingError'>;
  readonly golden: Golden;
}

/** A graph as ONNX Runtime takes it. */
export type GraphSource = Omit<SessionOptions, 'device'>;

/**
 * Runs both graphs of a precision on a device and compares them with the golden values.
 * @param sourceOf gives a graph when it is its turn.
 * @throws Error if a graph cannot be opened or run, or a golden value is missing.
 */
export async function measureGraphs(
  { manifest, golden }: ClaimedModel,
  precision: Precision,
  device: Device,
  sourceOf: (graph: GraphKind) => Promise<GraphSource> | GraphSource,
): Promise<Measurement[]> {
  checkGoldenSize(golden, manifest.config);
  const { config } = manifest;
  const slack = manifest.toleranceFactor ?? 1;
  return measureGolden({
    ...{ golden, config, precision, device, slack, roundingError: manifest.roundingError },
    run: async (graph, inputs) => runAll({ ...(await sourceOf(graph)), device }, inputs),
  });
}

async function runAll(options: SessionOptions, feeds: readonly Record<string, FloatTensor>[]) {
  const session = await openSession(options);
  try {
    const outputs: Record<string, FloatTensor>[] = [];
    for (const feed of feeds) outputs.push(await session.run(feed));
    return outputs;
  } finally {
    await session.release();
  }
}
