import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pythonOnnxRuntime } from '../../support/machine.js';
import { testNeeding } from '../../support/needing.js';
import { runSnippet } from '../../support/run-snippet.js';
import { isPrinted, parseSnippets, readSnippets, type Snippet } from '../../support/snippets.js';
import { describeBrowser, type TestBrowser, useBrowser } from '../../support/use-browser.js';
import { prepareFolder } from './folder.js';
import { browserRunner } from './run-in-browser.js';

/** Every page's programs and commands, run in its order in a folder of its own. */
const root = join(__dirname, '../../..');

/** Executed by test/contract/docs/import.test.ts and test/system/packaging/bundlers.test.ts. */
const testedElsewhere = ['import.md', 'bundlers.md'];
const docs = readdirSync(join(root, 'docs')).filter((name) => !testedElsewhere.includes(name));
const packages = readdirSync(join(root, 'packages'));
const pages = [
  'README.md',
  ...docs.map((name) => `docs/${name}`),
  ...packages.map((name) => `packages/${name}/README.md`),
]
  .filter((page) => page.endsWith('.md'))
  .map((page) => ({ page, snippets: readSnippets(join(root, page)) }))
  .filter(({ snippets }) => snippets.length > 0);

const isForBrowser = ({ mark }: Snippet) => mark === 'browser';
const [forBrowser, forNode] = [true, false].map((wanted) =>
  pages.filter(({ snippets }) => snippets.some(isForBrowser) === wanted),
) as [typeof pages, typeof pages];

describe.each(forNode)('$page', (page) => runPage(page));

describeBrowser('in Chromium', () => {
  const browser = useBrowser();
  describe.each(forBrowser)('$page', (page) => runPage(page, browser));
});

function runPage({ page, snippets }: (typeof pages)[number], browser?: TestBrowser): void {
  let folder: string;
  let inBrowser: ((snippet: Snippet) => Promise<string>) | undefined;
  beforeAll(async () => {
    folder = await prepareFolder(page);
    inBrowser = browser && browserRunner(browser, folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const isPython = ({ language }: Snippet) => language === 'python';
  const run = (one: Snippet) => runSnippet(one, folder, inBrowser);
  if (snippets.some(isPython)) {
    const inPython = testNeeding(pythonOnnxRuntime);
    inPython.each(snippets.filter(isPython))('line $line: $language $mark', run, 120_000);
  }
  const others = snippets.filter((one) => !isPython(one));
  if (others.length > 0) test.each(others)('line $line: $language $mark', run, 120_000);
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
