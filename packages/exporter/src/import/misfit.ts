import { printable } from '@glow-onnx/flow/internal';
import type { Layout } from './layout.js';
import { describeOutside } from './outside.js';
import type { Attempt } from './try-layout.js';

const advice = 'a map can give them the names of a layout (--map, docs/import.md)';

/**
 * Says why no layout fits: the nearest one, and the first names that differ.
 * @param names the tensors of the file.
 * @param attempts one for each layout that was tried; none has found a model.
 */
export function describeMisfit(names: readonly string[], attempts: readonly Attempt[]): Error {
  const known = describeOutside(names);
  if (known) return known;
  const [nearest] = attempts
    .filter(({ error }) => error)
    .toSorted((a, b) => (b.weights?.taken.size ?? 0) - (a.weights?.taken.size ?? 0));
  if (!nearest?.error)
    return describeStrangers(
      names,
      attempts.map(({ layout }) => layout),
    );
  if (attempts.length === 1 || !nearest.weights) return nearest.error;
  const { layout, weights, error } = nearest;
  const fits = weights.taken.size;
  const unread = weights.names.filter((name) => !weights.taken.has(name) && !layout.ignored?.test(name));
  return new RangeError(
    `import: no layout fits. The nearest is ${layout.name} (${layout.program}): ${fits} tensors fit, then ` +
      `${error.message}. Not read yet: ${listed(unread)}. If these are other layers, ${advice}`,
    { cause: error },
  );
}

/** No name is of any layout. */
function describeStrangers(names: readonly string[], layouts: readonly Layout[]): Error {
  const [only] = layouts;
  if (layouts.length === 1 && only) {
    return new RangeError(
      `import (${only.name}): expected tensors named like ${only.example}, got ${listed(names)}; ` +
        'pass another --from if the weights have another layout',
    );
  }
  const compared = layouts.map((layout) => {
    const words = wordsOf(layout.example);
    const [like] = names
      .map((name) => ({ name, shared: [...wordsOf(name)].filter((word) => words.has(word)).length }))
      .toSorted((a, b) => b.shared - a.shared);
    return { layout, like, share: (like?.shared ?? 0) / words.size };
  });
  const [nearest] = compared.toSorted((a, b) => b.share - a.share);
  const known = `the layouts are ${layouts.map(({ name }) => name).join(', ')}; ${advice}`;
  if (!nearest?.like || nearest.share === 0) {
    return new RangeError(`import: no layout has names such as ${listed(names)}; ${known}`);
  }
  const { layout, like } = nearest;
  return new RangeError(
    `import: no layout fits. The nearest is ${layout.name} (${layout.program}): ` +
      `it has ${layout.example} where the file has ${shown(like.name)}; ${known}`,
  );
}

/** The words of a name, without numbers and placeholders. */
function wordsOf(name: string): Set<string> {
  return new Set(
    name
      .replaceAll(/<\w+>/g, '')
      .toLowerCase()
      .match(/[a-z]+/g) ?? [],
  );
}

function listed(names: readonly string[]): string {
  return names.slice(0, 3).map(shown).join(', ') || 'none';
}

const shown = (name: string): string => printable(name.slice(0, 120));
