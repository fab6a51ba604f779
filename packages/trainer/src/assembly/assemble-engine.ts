import type { Float64Tensor, Glow, Named } from '@glow-onnx/flow';
import type { Engine, EngineState, LearningSettings } from '../engine/contract.js';
import { createEngine, initialLearned } from '../engine/create-engine.js';
import type { Differentiator } from '../engine/differentiator.js';
import { createHostLearner } from '../engine/host-learner.js';
import { parameterLayout } from '../engine/parameters.js';
import { openGpuLearner } from '../onnxruntime/gpu-learner.js';

export interface EngineStart {
  /** The first parameters and their first average. */
  readonly initial: Named<Float64Tensor>;
  /** The state to continue from, if any. */
  readonly state?: EngineState | undefined;
}

/**
 * Assembles an engine: a differentiator, a learner where its parameters are, and the engine around both.
 * The engine owns the differentiator. On an error, the differentiator has been disposed of.
 * @throws RangeError naming a parameter that is missing or has another shape; Error if a GPU is out of memory.
 */
export async function assembleEngine(
  glow: Glow,
  { initial, state }: EngineStart,
  differentiator: Differentiator,
  settings: LearningSettings,
): Promise<Engine> {
  const { optimizer, ema } = settings;
  const layout = parameterLayout(glow);
  const gpu = differentiator.onGpu;
  let engine: Engine | undefined;
  try {
    const learned = initialLearned(layout, initial, ema > 0);
    const learner = gpu
      ? await openGpuLearner(layout, differentiator, gpu, learned, optimizer)
      : createHostLearner(layout, differentiator, learned, optimizer);
    engine = createEngine(glow, learner, settings);
    if (state) await engine.restore(state);
    return engine;
  } catch (error) {
    await (engine ?? differentiator).dispose();
    throw error;
  }
}
