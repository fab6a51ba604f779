import { printable } from '@glow-onnx/flow/internal';

test.each<[string, string, string]>([
  ['an escape sequence', 'a\u001b[2Jb', 'a\\u{1b}[2Jb'],
  ['its form in one character', '\u009b2J', '\\u{9b}2J'],
  ['line breaks', 'a\r\nb\u2028c\u2029d\u0085e', 'a\\u{d}\\u{a}b\\u{2028}c\\u{2029}d\\u{85}e'],
  ['other controls', '\u0000\u0007\b\t\u007f', '\\u{0}\\u{7}\\u{8}\\u{9}\\u{7f}'],
  ['turned reading', 'a\u202egnp.exe\u2066b\u200f', 'a\\u{202e}gnp.exe\\u{2066}b\\u{200f}'],
  [
    'marks without a shape',
    '\ufeff\u200b\u00ad\u2060\u{e0041}',
    '\\u{feff}\\u{200b}\\u{ad}\\u{2060}\\u{e0041}',
  ],
  ['half a surrogate pair', 'a\ud800b', 'a\\u{d800}b'],
])('%s becomes text', (_, text, shown) => {
  expect(printable(text)).toBe(shown);
});

test.each([
  '',
  'cat',
  'C:\\models\\caf\u00e9',
  '\u732b',
  '\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645',
  '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}',
  'e\u0301',
])('%j stays as it is', (text) => {
  expect(printable(text)).toBe(text);
});
