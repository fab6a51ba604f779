import { createConfig, createGlow, type GlowConfig } from '@glow-onnx/flow';
import { sizeOf } from '@glow-onnx/flow/internal';
import { outputsOf } from './conditioner.js';
import { conv1x1Kind } from './conv1x1.js';
import type { ForeignWeights } from './foreign-weights.js';
import type { ImportOverrides } from './layout.js';
import type { StepNames, StepPlaces } from './step-names.js';

/** The config of a foreign model, from its names and shapes. @throws RangeError naming a tensor that does not fit. */
export function inferConfig(
  weights: ForeignWeights,
  layout: StepNames,
  places: StepPlaces,
  overrides: ImportOverrides,
): GlowConfig {
  const levels = places.length;
  const actnorm = places[0][0] + layout.actnorm;
  const squeezed = sizeOf(weights.shapeOf(actnorm));
  if (squeezed % 4 !== 0) {
    throw new RangeError(`${weights.where(actnorm)}: expected a multiple of 4 channels, got ${squeezed}`);
  }
  const lastConv = places[0][0] + layout.convs(weights)[2];
  const outputs = outputsOf(weights, layout, lastConv);
  if (outputs !== squeezed && outputs !== squeezed / 2) {
    throw new RangeError(
      `${weights.where(lastConv)}: expected ${squeezed} outputs (affine) ` +
        `or ${squeezed / 2} (additive), got ${outputs}`,
    );
  }
  const unit = 2 ** levels;
  const side = Math.max(32, unit);
  const { height = side, width = side } = overrides;
  if (height % unit !== 0 || width % unit !== 0) {
    throw new RangeError(
      `import (${layout.name}): these weights have ${levels} level${levels === 1 ? '' : 's'}: height and width ` +
        `must be divisible by ${unit}, got ${height}x${width}; pass the size of the training images (--size)`,
    );
  }
  const choices = layout.choices(weights);
  const config = createConfig({
    ...choices,
    channels: squeezed / 4,
    height,
    width,
    levels,
    steps: places[0].length,
    hiddenChannels: largestHidden(weights, layout, places),
    bits: overrides.bits ?? layout.bits,
    conv1x1: conv1x1Kind(weights, layout, places),
    coupling: outputs === squeezed ? choices.coupling : 'additive',
  });
  checkSize(weights, layout, config);
  return config;
}

/** Small models of any kind: 32 MiB in float64. */
const freeNumbers = 2 ** 22;
/** A model with half as many hidden channels in all layers but one has a quarter of the numbers. */
const timesWeights = 4;

/** Channels of zeros must not make a large model of few numbers. */
function checkSize(weights: ForeignWeights, { name }: StepNames, config: GlowConfig): void {
  const given = weights.names.reduce((sum, tensor) => sum + sizeOf(weights.shapeOf(tensor)), 0);
  const needed = createGlow(config).params.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  if (needed <= freeNumbers + timesWeights * given) return;
  throw new RangeError(
    `import (${name}): the weights have ${given} numbers, but the model would have ${needed}, because all its layers ` +
      `get ${config.hiddenChannels} hidden channels, those of the largest; expected at most ${timesWeights} times as many`,
  );
}

/** Our models have one number of hidden channels, a multiple of 4. Smaller layers get channels of zeros. */
function largestHidden(weights: ForeignWeights, layout: StepNames, places: StepPlaces): number {
  const sizes = places.flatMap((steps) =>
    steps.flatMap((place) =>
      layout
        .convs(weights)
        .slice(0, 2)
        .map((name) => outputsOf(weights, layout, place + name)),
    ),
  );
  return Math.ceil(Math.max(...sizes) / 4) * 4;
}
