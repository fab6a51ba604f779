import type { Float64Tensor, Glow, Named } from '@glow-onnx/flow';
import { mean } from '@glow-onnx/runtime/internal';
import { checkBatch } from './batch.js';
import type { Differentiator, Engine, EngineState, LearnSettings } from './contract.js';
import { type Learned, norm, scales, updates } from './optimizer.js';
import { checkParameters, flatten, parameterLayout, unflatten, viewed } from './parameters.js';

/** Parameters, their average and the optimiser on the host, around whatever computes gradients. */
export function createEngine(
  glow: Glow,
  initial: Named<Float64Tensor>,
  differentiator: Differentiator,
  { optimizer, clip, ema }: LearnSettings,
): Engine {
  const layout = parameterLayout(glow);
  const parameters = new Float32Array(layout.size);
  flatten(layout, initial, parameters);
  const average = ema > 0 ? parameters.slice() : undefined;
  const [m, v] = [new Float32Array(layout.size), new Float32Array(layout.size)];
  const learned: Learned = { parameters, average, m, v };
  let steps = 0;
  const stateBy = (read: typeof unflatten): EngineState => ({
    trainable: read(layout, parameters),
    ...(average && { ema: read(layout, average) }),
    optimizer: { m: read(layout, m), v: read(layout, v) },
    steps,
  });

  return {
    description: differentiator.description,
    async initialise(batch) {
      checkBatch(glow.config, batch);
      parameters.set(await differentiator.initialise(parameters, batch));
      average?.set(parameters);
    },
    async step(batch, rate, normLimit = Number.POSITIVE_INFINITY) {
      checkBatch(glow.config, batch);
      const { gradient, ...scores } = await differentiator.gradient(parameters, batch);
      const bitsPerDim = mean(scores.bitsPerDim);
      const bitsPerDimLevels = scores.bitsPerDimLevels.map(mean);
      const gradientNorm = norm(gradient);
      const applied =
        Number.isFinite(bitsPerDim) && Number.isFinite(gradientNorm) && gradientNorm <= normLimit;
      if (applied) {
        steps++;
        const factor = Math.min(1, clip / gradientNorm);
        updates[optimizer](learned, gradient, scales[optimizer]({ rate, factor, step: steps, decay: ema }));
      }
      return { bitsPerDim, bitsPerDimLevels, gradientNorm, applied };
    },
    async evaluate(batch) {
      checkBatch(glow.config, batch);
      return differentiator.evaluate(average ?? parameters, batch);
    },
    snapshot: async () => stateBy(unflatten),
    state: async () => stateBy(viewed),
    async restore(state) {
      const { trainable, optimizer: moments, ema: averaged = trainable } = state;
      for (const named of [trainable, averaged, moments.m, moments.v]) checkParameters(layout, named);
      flatten(layout, trainable, parameters);
      if (average) flatten(layout, averaged, average);
      flatten(layout, moments.m, m);
      flatten(layout, moments.v, v);
      steps = state.steps;
    },
    dispose: () => differentiator.dispose(),
  };
}
