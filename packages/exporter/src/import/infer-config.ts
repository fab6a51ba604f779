import { createConfig, type GlowConfig } from '@glow-onnx/flow';
import { sizeOf } from '@glow-onnx/flow/internal';
import { conv1x1Kind } from './conv1x1.js';
import type { ForeignWeights } from './foreign-weights.js';
import type { ImportOverrides } from './layout.js';
import type { StepNames, StepNumbers } from './step-names.js';

/** The config of a foreign model, from its names and shapes. @throws RangeError naming a tensor that does not fit. */
export function inferConfig(
  weights: ForeignWeights,
  layout: StepNames,
  overrides: ImportOverrides,
): GlowConfig {
  const numbered = stepNumbers(weights, layout);
  const { levels, steps } = countSteps(numbered, layout);
  const actnorm = `${layout.place(0, 0)}.${layout.actnorm}`;
  const squeezed = sizeOf(weights.shapeOf(actnorm));
  if (squeezed % 4 !== 0) {
    throw new RangeError(`${weights.where(actnorm)}: expected a multiple of 4 channels, got ${squeezed}`);
  }
  const lastConv = `${layout.place(0, 0)}.${layout.lastConv}`;
  const [outputs] = weights.shapeOf(lastConv);
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
  return createConfig(
    {
      channels: squeezed / 4,
      height,
      width,
      levels,
      steps,
      hiddenChannels: largestHidden(weights, layout, numbered),
      bits: overrides.bits ?? layout.bits,
      conv1x1: conv1x1Kind(weights, layout, numbered),
      coupling: outputs === squeezed ? layout.affineCoupling : 'additive',
    },
    layout.preset,
  );
}

function stepNumbers({ names }: ForeignWeights, { anchor }: StepNames): StepNumbers {
  const found: Set<number>[] = [];
  for (const name of names) {
    const match = anchor.exec(name);
    if (!match) continue;
    const level = Number(match[2]);
    found[level] ??= new Set();
    found[level].add(Number(match[3]));
  }
  return Array.from(found, (numbers) => [...(numbers ?? [])].sort((a, b) => a - b));
}

function countSteps(steps: StepNumbers, { name }: StepNames): { levels: number; steps: number } {
  const expected = steps[0].length;
  steps.forEach((numbers, level) => {
    if (numbers.length !== expected || numbers.some((number, i) => number !== i) || expected === 0) {
      throw new RangeError(
        `import (${name}): expected steps 0 to ${Math.max(expected - 1, 0)} at level ${level} as at level 0, ` +
          `got ${numbers.join(', ') || 'none'}`,
      );
    }
  });
  return { levels: steps.length, steps: expected };
}

/** Our models have one number of hidden channels, a multiple of 4. Smaller layers get channels of zeros. */
function largestHidden(weights: ForeignWeights, layout: StepNames, numbered: StepNumbers): number {
  const sizes = numbered.flatMap((steps, level) =>
    steps.flatMap((step) =>
      ['coupling.net.0.weight', 'coupling.net.2.weight'].map(
        (name) => weights.shapeOf(`${layout.place(level, step)}.${name}`)[0],
      ),
    ),
  );
  return Math.ceil(Math.max(...sizes) / 4) * 4;
}
