import type { Attempt } from './try-layout.js';

/** Says why no layout fits: the nearest one, and where it begins to differ. */
export function describeMisfit(names: readonly string[], attempts: readonly Attempt[]): Error {
  const reached = attempts.filter(({ error }) => error);
  const [nearest] = reached.toSorted((a, b) => (b.weights?.taken.size ?? 0) - (a.weights?.taken.size ?? 0));
  if (nearest?.error && attempts.length === 1) return nearest.error;
  if (!nearest?.error) {
    const some = names.slice(0, 3).join(', ') || 'none';
    if (attempts.length === 1 && attempts[0]) {
      const { name, example } = attempts[0].layout;
      return new RangeError(
        `import (${name}): expected tensors named like ${example}, got ${some}; ` +
          'pass another --from if the weights have another layout',
      );
    }
    const known = attempts.map(({ layout }) => `${layout.example} (${layout.name})`).join(', ');
    return new RangeError(`import: expected tensors named like one of ${known}, got ${some}`);
  }
  return new RangeError(
    `import: no layout fits; the nearest is ${nearest.layout.name}: ${nearest.error.message}`,
  );
}
