import type { Tensors } from './foreign-weights.js';
import type { ImportOverrides } from './layout.js';
import { type LayoutName, layouts } from './layouts.js';
import { describeMisfit } from './misfit.js';
import { type FoundModel, tryLayout, type WeightsChoice } from './try-layout.js';

/**
 * Finds the model among the tensors of a file: the layout, the prefix of its names, and whether weights are averaged.
 * @throws RangeError if no layout fits, or several do.
 */
export function findModel(
  tensors: Tensors,
  layoutName: LayoutName | 'auto',
  weights: WeightsChoice | undefined,
  overrides: ImportOverrides,
): FoundModel {
  const tidy = tidyNames(tensors);
  const candidates = layouts.filter(({ name }) => layoutName === 'auto' || name === layoutName);
  const attempts = candidates.map((layout) => tryLayout(tidy, layout, weights, overrides));
  const found = attempts.flatMap((tried) => tried.found ?? []);
  if (found.length > 1) {
    const names = found.map(({ layout }) => layout).join(', ');
    throw new RangeError(`import: these weights fit several layouts (${names}); pass one with --from`);
  }
  if (found[0] === undefined) throw describeMisfit(Object.keys(tidy), attempts);
  return found[0];
}

/** The prefix that tidy names of averaged weights of TensorFlow have. */
const average = 'ExponentialMovingAverage/';

/**
 * Undoes what wrappers do inside names: torch.compile adds `_orig_mod.`, and TensorFlow appends
 * `/ExponentialMovingAverage` to a name, which becomes a prefix here. Integers are not averaged: they are those of both.
 */
function tidyNames(tensors: Tensors): Tensors {
  const tidy: Record<string, Tensors[string]> = Object.create(null);
  for (const [name, value] of Object.entries(tensors)) {
    const plain = name
      .replaceAll('_orig_mod.', '')
      .replace(/^(.*)\/ExponentialMovingAverage$/, `${average}$1`);
    tidy[plain in tensors ? name : plain] = value;
  }
  if (!Object.keys(tidy).some((name) => name.startsWith(average))) return tidy;
  for (const [name, value] of Object.entries(tidy)) {
    if (/^[IU]\d/.test(value.dtype)) tidy[average + name] ??= value;
  }
  return tidy;
}
