import type { Float64Tensor, Glow, Named } from '@glow-onnx/flow';
import type { TrainSettings } from '../settings.js';
import { checkBatch } from './check-batch.js';
import type { Differentiator, Engine } from './engine.js';
import { createMoments, moveAverage, norm, updates } from './optimizer.js';
import { flatten, parameterLayout, unflatten } from './parameters.js';

/** Parameters, their average and the optimiser on the host, around whatever computes gradients. */
export function createEngine(
  glow: Glow,
  initial: Named<Float64Tensor>,
  differentiator: Differentiator,
  { optimizer, clip, ema }: Pick<TrainSettings, 'optimizer' | 'clip' | 'ema'>,
): Engine {
  const layout = parameterLayout(glow);
  const parameters = new Float32Array(layout.size);
  flatten(layout, initial, parameters);
  const average = ema > 0 ? parameters.slice() : undefined;
  const moments = createMoments(layout.size);

  return {
    description: differentiator.description,
    async initialise(batch) {
      checkBatch(glow.config, batch);
      parameters.set(await differentiator.initialise(parameters, batch));
      average?.set(parameters);
    },
    async step(batch, rate, normLimit = Number.POSITIVE_INFINITY) {
      checkBatch(glow.config, batch);
      const { bitsPerDim: scores, gradient } = await differentiator.gradient(parameters, batch);
      const bitsPerDim = mean(scores);
      const gradientNorm = norm(gradient);
      const applied =
        Number.isFinite(bitsPerDim) && Number.isFinite(gradientNorm) && gradientNorm <= normLimit;
      if (applied) {
        updates[optimizer](moments, parameters, gradient, rate, Math.min(1, clip / gradientNorm));
        if (average) moveAverage(average, parameters, ema, moments.steps);
      }
      return { bitsPerDim, gradientNorm, applied };
    },
    async evaluate(batch) {
      checkBatch(glow.config, batch);
      return differentiator.evaluate(average ?? parameters, batch);
    },
    snapshot: () => ({
      trainable: unflatten(layout, parameters),
      ...(average && { ema: unflatten(layout, average) }),
      optimizer: { m: unflatten(layout, moments.m), v: unflatten(layout, moments.v) },
      steps: moments.steps,
    }),
    restore(state) {
      flatten(layout, state.trainable, parameters);
      if (average) flatten(layout, state.ema ?? state.trainable, average);
      flatten(layout, state.optimizer.m, moments.m);
      flatten(layout, state.optimizer.v, moments.v);
      moments.steps = state.steps;
    },
    dispose: () => differentiator.dispose(),
  };
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
