/** The locale is fixed, so that the order is the same on every machine. */
const collator = new Intl.Collator('en', { numeric: true });

/**
 * Orders names as people do: `img2` before `img10`. Names that look equal, such as `1` and `01`, follow their code
 * units, so that equal names alone compare as 0.
 */
export function compareNames(a: string, b: string): number {
  return collator.compare(a, b) || Number(a > b) - Number(a < b);
}

/** Sorts paths with / between names. The files of one folder stay together. */
export function sortPaths(paths: Iterable<string>): string[] {
  const all = Array.from(paths, (path) => path.split('/'));
  return all.sort(compareParts).map((parts) => parts.join('/'));
}

function compareParts(a: readonly string[], b: readonly string[]): number {
  const differs = a.findIndex((name, i) => name !== b[i]);
  if (differs < 0 || differs >= b.length) return a.length - b.length;
  return compareNames(a[differs] as string, b[differs] as string);
}
