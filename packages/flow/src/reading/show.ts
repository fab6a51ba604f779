/** The most items of a list, or fields of an object, that a message shows, and how deep it looks into them. */
const maxItems = 8;
const maxDepth = 3;

/**
 * A value from outside as a short piece of one line, for an error message. It takes little time and memory for a value
 * of any size. JSON cannot express NaN and bigint.
 */
export function show(value: unknown, length = 120, depth = 0): string {
  return brief(value, length, depth).slice(0, length);
}

function brief(value: unknown, length: number, depth: number): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, length));
  if (typeof value !== 'object' || value === null) return String(value === undefined ? 'nothing' : value);
  const inner = (item: unknown): string => show(item, length, depth + 1);
  if (Array.isArray(value)) return `[${parts(value, depth, inner)}]`;
  const fields = (key: string): string => `${inner(key)}:${inner((value as Record<string, unknown>)[key])}`;
  return `{${parts(Object.keys(value), depth, fields)}}`;
}

function parts<T>(items: readonly T[], depth: number, text: (item: T) => string): string {
  if (depth === maxDepth && items.length > 0) return '…';
  const shown = items.slice(0, maxItems).map(text);
  return [...shown, ...(items.length > maxItems ? ['…'] : [])].join(',');
}
