import type { Float64Tensor, Glow, Named } from '@glow-onnx/flow';
import { adamStep, createAdam, norm } from './adam.js';
import type { Differentiator, Engine } from './engine.js';
import { flatten, parameterLayout, unflatten } from './parameters.js';

export interface EngineOptions {
  /** Gradients whose global norm is larger are scaled down to it. */
  readonly clip: number;
}

/** Parameters and Adam on the host, around whatever computes gradients. */
export function createEngine(
  glow: Glow,
  initial: Named<Float64Tensor>,
  differentiator: Differentiator,
  { clip }: EngineOptions,
): Engine {
  const layout = parameterLayout(glow);
  // Shared, so that workers read the parameters where they are.
  const parameters = new Float32Array(new SharedArrayBuffer(4 * layout.size));
  flatten(layout, initial, parameters);
  const adam = createAdam(layout.size);

  return {
    description: differentiator.description,
    async initialise(batch) {
      parameters.set(await differentiator.initialise(parameters, batch));
    },
    async step(batch, rate) {
      const { bitsPerDim, gradient } = await differentiator.gradient(parameters, batch);
      const result = { bitsPerDim: mean(bitsPerDim), gradientNorm: norm(gradient) };
      if (Number.isFinite(result.bitsPerDim) && Number.isFinite(result.gradientNorm)) {
        adamStep(adam, parameters, gradient, rate, Math.min(1, clip / result.gradientNorm));
      }
      return result;
    },
    evaluate: (batch) => differentiator.evaluate(parameters, batch),
    snapshot: () => ({
      trainable: unflatten(layout, parameters),
      optimizer: { m: unflatten(layout, adam.m), v: unflatten(layout, adam.v) },
      steps: adam.steps,
    }),
    restore(state) {
      flatten(layout, state.trainable, parameters);
      flatten(layout, state.optimizer.m, adam.m);
      flatten(layout, state.optimizer.v, adam.v);
      adam.steps = state.steps;
    },
    dispose: () => differentiator.dispose(),
  };
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
