import type { Float64Tensor, Named } from '@glow-onnx/flow';
import { latentChannels } from '@glow-onnx/flow/internal';
import { readConditioner } from './conditioner.js';
import { readConv1x1 } from './conv1x1.js';
import type { ForeignWeights } from './foreign-weights.js';
import { inferConfig } from './infer-config.js';
import { type ImportedModel, type ImportOverrides, type Layout, modelOf } from './layout.js';
import type { StepNames } from './step-names.js';

/** A layout of numbered levels and steps. */
export function stepLayout<Name extends string>(names: StepNames<Name>): Layout<Name> {
  return { ...names, read: (weights, overrides) => readSteps(names, weights, overrides) };
}

function readSteps(names: StepNames, weights: ForeignWeights, overrides: ImportOverrides): ImportedModel {
  const config = inferConfig(weights, names, overrides);
  const found: Record<string, Float64Tensor> = {};
  const put = (place: string, values: Named<Float64Tensor>): void => {
    for (const [name, value] of Object.entries(values)) found[`${place}.${name}`] = value;
  };
  for (let level = 0; level < config.levels; level++) {
    const channels = config.channels * 4 * 2 ** level;
    for (let step = 0; step < config.steps; step++) {
      const from = names.place(level, step);
      const to = `levels.${level}.steps.${step}`;
      checkInitialised(weights, from);
      const { sign, ...actnorm } = names.readActnorm(weights, from, channels);
      put(`${to}.actnorm`, actnorm);
      put(`${to}.conv1x1`, readConv1x1(weights, names, from, config.conv1x1, sign));
      put(`${to}.coupling`, readConditioner(weights, names, from, config, channels));
    }
    const latent = latentChannels(config, level);
    const prior = names.readPrior?.(weights, level, { context: latent, latent });
    if (prior) put(`levels.${level}.prior`, prior);
  }
  return modelOf(config, found);
}

/** An actnorm without a flag counts as initialised. */
function checkInitialised(weights: ForeignWeights, place: string): void {
  const flag = `${place}.actnorm.initialized`;
  if (weights.has(flag) && weights.take(flag, []).data[0] === 0) {
    throw new RangeError(
      `${weights.where(flag)} is 0: this actnorm has not seen a first batch; ` +
        'pass one through the model, or load trained weights, and save again',
    );
  }
}
