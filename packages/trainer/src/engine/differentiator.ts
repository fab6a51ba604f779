import type { Dequantisation, Named } from '@glow-onnx/flow';
import type { DeviceTensor, RuntimeOptions } from '@glow-onnx/runtime/session';
import type { Batch } from './batch.js';
import type { Orthogonalise } from './muon.js';
import type { Scores } from './scores.js';

/**
 * Computes losses and gradients with a tensor library. Parameters and gradients are flat vectors in the order of
 * `parameterLayout`, so that the optimiser, averaging over threads and saving are loops over numbers.
 */
export interface Differentiator {
  /** The library and the device, in words. */
  readonly description: string;
  /** The parameters after data-dependent initialisation. */
  initialise(parameters: Float32Array, batch: Batch): Promise<Float32Array>;
  /** bits/dim of each image, and the gradient of their mean. The next call may overwrite the gradient. */
  gradient(parameters: Float32Array, batch: Batch): Promise<Scores & { gradient: Float32Array }>;
  /** bits/dim of each image, with uniform noise or with that of the model's dequantiser. */
  evaluate(parameters: Float32Array, batch: Batch, dequantisation: Dequantisation): Promise<Float64Array>;
  /** What Muon needs of a tensor library. */
  readonly orthogonalise: Orthogonalise;
  dispose(): Promise<void>;
  /** The same on a GPU that can keep parameters from step to step. */
  readonly onGpu?: GpuDifferentiator;
}

/** Tensors in the memory of a GPU, by the names of their parameters. */
export type GpuTensors = Named<DeviceTensor>;

/** Computes losses and gradients of parameters that stay in the memory of a GPU. */
export interface GpuDifferentiator {
  /** How sessions that share its tensors are opened. */
  readonly runtime: Pick<RuntimeOptions, 'threads' | 'wasmPaths'>;
  /** Opens the graph of `gradient` and releases the graph of `Differentiator.gradient`, which is no longer needed. */
  open(): Promise<void>;
  /** bits/dim of each image, the gradient of their mean and its norm. The caller disposes of the gradient. */
  gradient(parameters: GpuTensors, batch: Batch): Promise<Scores & { norm: number; gradient: GpuTensors }>;
  /** bits/dim of each image. */
  evaluate(parameters: GpuTensors, batch: Batch, dequantisation: Dequantisation): Promise<Float64Array>;
}
