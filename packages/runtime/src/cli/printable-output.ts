import { printable, unprintable } from '@glow-onnx/flow/manifest';

/** A text of several lines as a terminal may show it. Only its line breaks stay. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** A value as indented JSON that a terminal may show: escapes stand for what it would obey. */
export function printableJson(value: unknown, replace?: (key: string, value: unknown) => unknown): string {
  const escaped = (character: string) =>
    Array.from({ length: character.length }, (_, i) => escapeOf(character.charCodeAt(i))).join('');
  return JSON.stringify(value, replace, 2).replaceAll(unprintable, (character) =>
    character === '\n' ? character : escaped(character),
  );
}

const escapeOf = (unit: number) => `\\u${unit.toString(16).padStart(4, '0')}`;
