/**
 * A stranger's text, such as a name in a manifest or the answer of a server, as a terminal may show it. Characters that
 * control the terminal or the order of reading become `\u{1b}`: controls with line breaks, separators, halves of a
 * surrogate pair, and marks without a shape, such as those that turn the direction. The joiners that words need stay.
 * @example printable('cat\u001b[2J'); // 'cat\\u{1b}[2J'
 */
export function printable(text: string): string {
  return text.replaceAll(
    /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}
