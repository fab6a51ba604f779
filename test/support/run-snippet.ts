import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runInNode } from './run-in-node.js';
import { isPrinted, type Snippet } from './snippets.js';

/**
 * Does with a snippet what its mark says, in this folder; `browser` is for those that run there.
 * @throws Error saying what went wrong, or what it printed instead of what its page says.
 */
export async function runSnippet(
  snippet: Snippet,
  folder: string,
  browser?: (snippet: Snippet) => Promise<string>,
): Promise<void> {
  const printed = await printedBy(snippet, folder, browser);
  if (snippet.prints !== undefined && !isPrinted(snippet.prints, printed)) {
    throw new Error(`it should print\n${snippet.prints}\nbut prints\n${printed}`);
  }
}

async function printedBy(
  snippet: Snippet,
  folder: string,
  browser: ((snippet: Snippet) => Promise<string>) | undefined,
): Promise<string> {
  const [action, name = ''] = snippet.mark.split('=');
  switch (action) {
    case 'run':
      return runInNode(snippet, folder);
    case 'browser':
      if (!browser) throw new Error('there is no browser');
      return browser(snippet);
    case 'file':
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), snippet.text);
      return '';
    case 'not-run':
      return '';
    default:
      throw new Error(`${snippet.mark} has no rule`);
  }
}
