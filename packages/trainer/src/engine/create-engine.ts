import type { Float64Tensor, Glow, Named } from '@glow-onnx/flow';
import { checkValue, dequantisations, oneOf, type Rule } from '@glow-onnx/flow/internal';
import { createQueue, mean } from '@glow-onnx/runtime/internal';
import { checkBatch } from './batch.js';
import type { Engine, EngineState, LearningSettings } from './contract.js';
import type { Learner } from './learner.js';
import { type Learned, scales } from './optimizer.js';
import { flatten, namedCopies, namedViews, type ParameterLayout, parameterLayout } from './parameters.js';

const aRate: Rule = {
  expected: 'a finite number of at least 0',
  type: 'number',
  holds: (value) => Number.isFinite(value) && (value as number) >= 0,
};
const aNormLimit: Rule = {
  expected: 'a number of at least 0',
  type: 'number',
  holds: (value) => typeof value === 'number' && value >= 0,
};

/** The engine around a learner: it checks batches, decides which steps are taken, and names parameters. */
export function createEngine(
  glow: Glow,
  learner: Learner,
  { optimizer, beta1, beta2, clip, ema }: LearningSettings,
): Engine {
  const layout = parameterLayout(glow);
  let steps = 0;
  const inTurn = createQueue(); // a step frees vectors that another call may read
  const stateOf = ({ parameters, average, m, v }: Learned, named: typeof namedCopies): EngineState => ({
    trainable: named(layout, parameters),
    ...(average && { ema: named(layout, average) }),
    optimizer: { m: named(layout, m), v: named(layout, v) },
    steps,
  });

  return {
    description: learner.description,
    initialise: (batch) =>
      inTurn(async () => {
        checkBatch(glow.config, batch);
        const before = await learner.read();
        const parameters = await learner.initialise(before.parameters, batch);
        await learner.write({ ...before, parameters, ...(ema > 0 && { average: parameters.slice() }) });
      }),
    step: (batch, rate, normLimit = Number.POSITIVE_INFINITY) =>
      inTurn(async () => {
        checkBatch(glow.config, batch);
        checkValue('step', 'rate', rate, aRate);
        checkValue('step', 'normLimit', normLimit, aNormLimit);
        const gradient = await learner.gradient(batch);
        try {
          const bitsPerDim = mean(gradient.bitsPerDim);
          const bitsPerDimLevels = gradient.bitsPerDimLevels.map(mean);
          const gradientNorm = gradient.norm;
          const applied =
            Number.isFinite(bitsPerDim) && Number.isFinite(gradientNorm) && gradientNorm <= normLimit;
          if (applied) {
            const factor = Math.min(1, clip / gradientNorm);
            const options = { rate, beta1, beta2, factor, step: steps + 1, decay: ema };
            await gradient.update(scales[optimizer](options));
            steps++;
          }
          return { bitsPerDim, bitsPerDimLevels, gradientNorm, applied };
        } finally {
          gradient.dispose();
        }
      }),
    evaluate: (batch, dequantisation = 'uniform') =>
      inTurn(async () => {
        checkBatch(glow.config, batch);
        checkValue('evaluate', 'dequantisation', dequantisation, oneOf(dequantisations));
        if (dequantisation === 'variational' && !glow.dequantiser) {
          throw new RangeError(
            'evaluate: the model was trained with uniform noise and has no dequantiser; leave dequantisation out',
          );
        }
        return learner.evaluate(batch, dequantisation);
      }),
    snapshot: () => inTurn(async () => stateOf(await learner.read(), namedCopies)),
    state: () => inTurn(async () => stateOf(await learner.read(), namedViews)),
    restore: (state) =>
      inTurn(async () => {
        await learner.write(learnedFrom(layout, state, ema > 0));
        steps = state.steps;
      }),
    dispose: () => inTurn(learner.dispose),
  };
}

/** A state at the start: these parameters, their average if one is kept, and moments of zero. */
export function initialLearned(
  layout: ParameterLayout,
  initial: Named<Float64Tensor>,
  averaged: boolean,
): Learned {
  const parameters = flatten(layout, initial);
  return {
    parameters,
    ...(averaged && { average: parameters.slice() }),
    m: new Float32Array(layout.size),
    v: new Float32Array(layout.size),
  };
}

function learnedFrom(
  layout: ParameterLayout,
  { trainable, ema = trainable, optimizer: { m, v } }: EngineState,
  averaged: boolean,
): Learned {
  return {
    parameters: flatten(layout, trainable),
    ...(averaged && { average: flatten(layout, ema) }),
    m: flatten(layout, m),
    v: flatten(layout, v),
  };
}
