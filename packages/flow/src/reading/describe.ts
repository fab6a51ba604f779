import { printable } from './printable.js';

/** The longest text that a message shows. A longer one may be data, such as an image in base64. */
const longestText = 60;
/** The most fields of an object that a message names. */
const mostFields = 5;

/**
 * A caller's value in a few words, for the end of an error message: `got …`. Contents of long texts, bytes and
 * functions are not shown.
 * @example describe({ count: 3 }); // 'an object { count }'
 */
export function describe(value: unknown): string {
  if (typeof value === 'string') {
    return value.length > longestText
      ? `a text of ${value.length} characters`
      : printable(JSON.stringify(value));
  }
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) {
    const isShort = value.length <= mostFields && value.every((item) => typeof item === 'number');
    return isShort ? `[${value.join(', ')}]` : `an array of ${value.length}`;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  const name = (prototype as { constructor?: { name?: unknown } } | null)?.constructor?.name;
  if (typeof name === 'string' && name !== '' && name !== 'Object')
    return `an instance of ${printable(name.slice(0, 60))}`;
  const fields = Object.keys(value);
  const shown = fields.slice(0, mostFields).map((field) => field.slice(0, longestText));
  if (fields.length > mostFields) shown.push('…');
  return fields.length === 0 ? 'an empty object' : `an object { ${printable(shown.join(', '))} }`;
}
