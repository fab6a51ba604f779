import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepareFolder } from './folder.js';
import { runInNode } from './run-in-node.js';
import { isPrinted, parseSnippets, readSnippets, type Snippet } from './snippets.js';

/** Every page's programs and commands, run in its order in a folder of its own. */
const root = join(__dirname, '../..');

/** Executed elsewhere. */
const testedElsewhere = ['import.md']; // test/exporter/import-doc.test.ts
const pages = readdirSync(join(root, 'docs'))
  .filter((name) => name.endsWith('.md') && !testedElsewhere.includes(name))
  .map((name) => ({ page: `docs/${name}`, snippets: readSnippets(join(root, 'docs', name)) }))
  .filter(({ snippets }) => snippets.length > 0);

describe.each(pages)('$page', ({ page, snippets }) => {
  let folder: string;
  beforeAll(async () => {
    folder = await prepareFolder(page);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(snippets)('line $line: $language $mark', (snippet) => {
    const printed = execute(snippet, folder);
    if (snippet.prints !== undefined && !isPrinted(snippet.prints, printed)) {
      expect(printed).toBe(snippet.prints);
    }
  });
});

function execute(snippet: Snippet, folder: string): string {
  const [action, name = ''] = snippet.mark.split('=');
  switch (action) {
    case 'run':
      return runInNode(snippet, folder);
    case 'file':
      writeFileSync(join(folder, name), snippet.text);
      return '';
    case 'not-run':
      return '';
    default:
      throw new Error(`${snippet.mark} has no rule`);
  }
}

describe('a snippet', () => {
  const fence = '```';
  const page = `# A\n\n${fence}js run\nconsole.log(1);\n${fence}\n${fence}text prints\n1\n${fence}\n\n${fence}json\n{}\n${fence}\n`;

  test('has a line, a mark, its text and what it prints', () => {
    expect(parseSnippets(page)).toEqual([
      { line: 3, language: 'js', mark: 'run', text: 'console.log(1);\n', prints: '1\n' },
    ]);
  });

  test('that does not say what becomes of it is an error', () => {
    expect(() => parseSnippets(page.replace('js run', 'js'))).toThrow(
      'line 3: a js block that is not marked',
    );
  });

  test('prints what its page says, … standing for anything', () => {
    expect(isPrinted('at 1.5 … dim\n', 'at 1.5 bits per dim\n')).toBe(true);
    expect(isPrinted('at 1.5 dim', 'at 1x5 dim')).toBe(false);
    expect(isPrinted('1', '12')).toBe(false);
  });
});
