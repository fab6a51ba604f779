import { isObject } from './parse-json.js';
import { show } from './show.js';

/** A place where two values of JSON differ, and both values as short texts. */
export interface Difference {
  readonly path: string;
  readonly expected: string;
  readonly got: string;
}

/** The first place where two values of JSON differ; the order of fields does not count. Undefined if they are equal. */
export function difference(given: unknown, expected: unknown, path: string): Difference | undefined {
  const bothLists = Array.isArray(given) && Array.isArray(expected) && given.length === expected.length;
  if (!bothLists && !(isObject(given) && isObject(expected))) {
    return given === expected ? undefined : { path, expected: show(expected), got: show(given) };
  }
  const [left, right] = [given, expected] as Record<string, unknown>[];
  for (const key of new Set([...Object.keys(right), ...Object.keys(left)])) {
    const found = difference(own(left, key), own(right, key), path === '' ? key : `${path}.${key}`);
    if (found) return found;
  }
  return undefined;
}

const own = (value: Record<string, unknown>, key: string): unknown =>
  Object.hasOwn(value, key) ? value[key] : undefined;
