import type { Manifest, Precision } from '@glow-onnx/flow/manifest';
import type { ImageCodec } from '../pictures/codec.js';
import type { OpenGraphs } from '../sessions/open-graphs.js';
import type { MemoryBudget } from './memory-budget.js';

/** A model's opened graphs and what they need around them. */
export interface ModelParts {
  readonly manifest: Manifest;
  readonly precision: Precision;
  readonly graphs: OpenGraphs;
  readonly memory: MemoryBudget;
  readonly codec: ImageCodec;
  /** Images per run; by default as many as fit a memory budget. */
  readonly batchSize?: number | undefined;
}
