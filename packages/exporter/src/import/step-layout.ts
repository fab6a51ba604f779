import { type Float64Tensor, type Named, tensor } from '@glow-onnx/flow';
import { readConditioner } from './conditioner.js';
import { readConv1x1 } from './conv1x1.js';
import type { ForeignWeights } from './foreign-weights.js';
import { inferConfig } from './infer-config.js';
import { type ImportedModel, type ImportOverrides, type Layout, modelOf } from './layout.js';
import type { SignedActnorm, StepNames } from './step-names.js';

/** A layout of numbered levels and steps. */
export function stepLayout<Name extends string>(names: StepNames<Name>): Layout<Name> {
  return { ...names, read: (weights, overrides) => readSteps(names, weights, overrides) };
}

function readSteps(layout: StepNames, weights: ForeignWeights, overrides: ImportOverrides): ImportedModel {
  const places = layout.places(weights.names);
  const config = inferConfig(weights, layout, places, overrides);
  const found: Record<string, Float64Tensor> = {};
  const put = (place: string, values: Named<Float64Tensor>): void => {
    for (const [name, value] of Object.entries(values)) found[`${place}.${name}`] = value;
  };
  places.forEach((steps, level) => {
    const channels = config.channels * 4 * 2 ** level;
    steps.forEach((from, step) => {
      const to = `levels.${level}.steps.${step}`;
      if (layout.actnormFlag !== undefined) checkInitialised(weights, from + layout.actnormFlag);
      const { sign, ...actnorm } = layout.readActnorm(weights, from, channels);
      const isFirst = level === 0 && step === 0;
      put(`${to}.actnorm`, isFirst && layout.offset ? shifted(actnorm, layout.offset) : actnorm);
      put(`${to}.conv1x1`, readConv1x1(weights, layout, from, config.conv1x1, sign));
      put(`${to}.coupling`, readConditioner(weights, layout, from, config, channels));
    });
  });
  return modelOf(config, { ...found, ...layout.readPriors?.(weights, config, places) });
}

/** The actnorm of x + offset. */
function shifted({ logScale, bias }: Omit<SignedActnorm, 'sign'>, offset: number): Named<Float64Tensor> {
  const moved = bias.data.map((b, channel) => b + offset * Math.exp(logScale.data[channel]));
  return { logScale, bias: tensor(bias.shape, moved) };
}

/** An actnorm without a flag counts as initialised. */
function checkInitialised(weights: ForeignWeights, flag: string): void {
  if (weights.has(flag) && weights.take(flag, []).data[0] === 0) {
    throw new RangeError(
      `${weights.where(flag)} is 0: this actnorm has not seen a first batch; ` +
        'pass one through the model, or load trained weights, and save again',
    );
  }
}
