import type { Dequantisation } from '@glow-onnx/flow';
import type { Batch } from './batch.js';
import type { Learned, Scales } from './optimizer.js';
import type { Scores } from './scores.js';

/**
 * Keeps all that learning changes and updates it: in JavaScript (`createHostLearner`) or in the memory of a GPU
 * (`openGpuLearner`). The engine around it decides which steps are taken.
 */
export interface Learner {
  /** The library and the device, in words. */
  readonly description: string;
  /** The parameters after data-dependent initialisation. The learner itself does not change. */
  initialise(parameters: Float32Array, batch: Batch): Promise<Float32Array>;
  /** The gradient of a batch at the parameters as they are now. */
  gradient(batch: Batch): Promise<BatchGradient>;
  /** bits/dim of each image, by the average of the parameters if one is kept. */
  evaluate(batch: Batch, dequantisation: Dequantisation): Promise<Float64Array>;
  /** The vectors as they are now. They may be the learner's own, which the next update changes. */
  read(): Promise<Learned>;
  /** Replaces all vectors or, on an error, none. The learner owns them afterwards. */
  write(learned: Learned): Promise<void>;
  dispose(): Promise<void>;
}

/** The scores and the gradient of a batch, before it is decided whether to take the step. */
export interface BatchGradient extends Scores {
  /** Global norm. */
  readonly norm: number;
  /** Takes the step. */
  update(scales: Scales): Promise<void>;
  /** Frees the gradient. */
  dispose(): void;
}
