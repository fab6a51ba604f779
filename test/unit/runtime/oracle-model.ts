import type { GlowConfig, Manifest } from '@glow-onnx/flow';
import type { GlowModel } from '@glow-onnx/runtime';
import { createModel } from '../../../packages/runtime/src/model/create-model.js';
import type { MemoryBudget } from '../../../packages/runtime/src/model/memory-budget.js';
import { nodeCodec } from '../../../packages/runtime/src/node/images.js';
import { defaultImageLimits } from '../../../packages/runtime/src/pictures/limits.js';
import { bareManifest, boundlessMemory, createOracle, oracleSessions } from '../../support/oracle.js';

/** Of every oracle model here. */
export const oracleSeed = 3;

export interface OracleModelOptions extends Partial<ReturnType<typeof oracleSessions>> {
  readonly batchSize?: number;
  /** Default: without a limit. */
  readonly memory?: MemoryBudget;
  /** What its manifest says beside the config. */
  readonly manifest?: Partial<Manifest>;
}

/** A model of the SDK with the float64 interpreter in the place of ONNX Runtime. */
export function modelOf(
  config: GlowConfig,
  { batchSize, memory = boundlessMemory(config), manifest, ...sessions }: OracleModelOptions = {},
): GlowModel {
  const oracle = oracleSessions(createOracle(config, oracleSeed), config.levels);
  const { encoder, decoder } = { ...oracle, ...sessions };
  return createModel({
    manifest: { ...bareManifest(config), ...manifest },
    precision: 'fp32',
    graphs: {
      device: 'cpu',
      skipped: [],
      selfTest: 'none',
      encoder: async () => encoder,
      decoder: async () => decoder,
      gradient: () => Promise.reject(new Error('the oracle has no derivatives')),
      surprise: () => Promise.reject(new Error('the oracle has no derivatives')),
      features: () => Promise.reject(new Error('the oracle has no derivatives')),
      release: async () => void (await Promise.all([encoder.release(), decoder.release()])),
    },
    codec: nodeCodec(defaultImageLimits),
    memory,
    batchSize,
  });
}
