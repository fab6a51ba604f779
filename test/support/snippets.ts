import { readFileSync } from 'node:fs';

/**
 * A fenced block of a page. The second word of its fence says what becomes of it:
 *
 * - `run`: js in Node, sh in bash, python in Python. ts is type-checked first.
 * - `browser`: html is the page's body, js runs there.
 * - `file=NAME`: is written under that name.
 * - `not-run=REASON`.
 *
 * A block ```` ```text prints ```` after one that runs is what that one prints; … in it stands for anything.
 */
export interface Snippet {
  /** Of the fence, from 1. */
  readonly line: number;
  readonly language: string;
  readonly mark: string;
  readonly text: string;
  readonly prints: string | undefined;
}

/** Languages in which every block has to say what becomes of it. Blocks of other languages may be files. */
const executable = ['js', 'mjs', 'cjs', 'ts', 'jsx', 'tsx', 'html', 'sh', 'bash', 'console'];
/** Only with a mark: other blocks show a part of a program. */
const executableIfMarked = ['python'];
const marks = /^(run|browser|file=\S+|not-run=[a-z0-9-]+)$/;

export function readSnippets(path: string): Snippet[] {
  return parseSnippets(readFileSync(path, 'utf8'));
}

/** @throws SyntaxError naming the line of a block that does not say what becomes of it. */
export function parseSnippets(markdown: string): Snippet[] {
  const fences = [...markdown.matchAll(/^( *)```(\S*) *(.*)\n((?:.*\n)*?)\1```$/gm)];
  const blocks = fences.map(({ index, 2: language = '', 3: mark = '', 4: text = '', 1: indent = '' }) => ({
    line: markdown.slice(0, index).split('\n').length,
    language,
    mark,
    text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }));
  const snippets: Snippet[] = [];
  for (const [i, block] of blocks.entries()) {
    const isExecutable = executable.includes(block.language);
    const isMarked = block.mark.startsWith('file=') || executableIfMarked.includes(block.language);
    if (!isExecutable && !(isMarked && block.mark !== '')) continue;
    if (!marks.test(block.mark)) {
      throw new SyntaxError(
        `line ${block.line}: a ${block.language} block that is not marked (${block.mark})`,
      );
    }
    const next = blocks[i + 1];
    snippets.push({ ...block, prints: next?.mark === 'prints' ? next.text : undefined });
  }
  return snippets;
}

/** Whether this was printed, where … stands for anything. */
export function isPrinted(expected: string, printed: string): boolean {
  const literal = (text: string) => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  return new RegExp(`^${expected.trim().split('…').map(literal).join('.*')}$`).test(printed.trim());
}
