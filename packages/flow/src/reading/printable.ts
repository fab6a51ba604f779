/** What `printable` replaces: controls, separators of lines, halves of surrogate pairs, marks without a shape. */
export const unprintable: RegExp = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * A stranger's text on one line, as a terminal may show it: a name in a manifest, a file name, the answer of a server.
 * Characters that control the terminal, break the line or turn the direction of reading become `\u{1b}`. The joiners
 * that words of some languages need stay.
 * @example printable('cat\u001b[2J'); // 'cat\\u{1b}[2J'
 */
export function printable(text: string): string {
  return text.replaceAll(unprintable, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
