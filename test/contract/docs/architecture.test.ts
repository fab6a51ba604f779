import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The page has links too: links.test.ts follows them. */
const root = join(__dirname, '../../..');
const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
const topLevel = readdirSync(root);

const isPath = (text: string) => /^[\w.-]+(\/[\w.-]+)*\/?$/.test(text);

/** The blocks that draw the repository: they begin with something that lies in its root. */
function trees(markdown: string): string[] {
  const fenced = [...markdown.matchAll(/^```text\n([\s\S]*?)^```$/gm)].map(([, block]) => block as string);
  const indented = [...markdown.matchAll(/^(?: {4}.*\n)+/gm)].map(([block]) =>
    block.replaceAll(/^ {4}/gm, ''),
  );
  return [...fenced, ...indented].filter((block) => {
    const [first = ''] = block.split(/\s/);
    return isPath(first) && existsSync(join(root, first));
  });
}

/** The path on each line: its first word, in the folder of the closest line above that is indented less. */
function pathsOfTree(tree: string): string[] {
  const above: { readonly indent: number; readonly path: string }[] = [];
  return tree.split('\n').flatMap((line) => {
    const [, { length: indent }, name] = /^( *)(.*?)(?: {2}.*)?$/.exec(line) as unknown as [
      string,
      string,
      string,
    ];
    if (!isPath(name)) return [];
    while (above.length > 0 && (above.at(-1) as { indent: number }).indent >= indent) above.pop();
    const path = join(above.at(-1)?.path ?? '', name);
    above.push({ indent, path });
    return [path];
  });
}

/** Words that begin with a folder of the root, and code with a slash. Names of packages begin with @. */
function pathsOfText(markdown: string): string[] {
  const words = markdown.split(/[\s`|()[\],;:]+/).map((word) => word.replace(/\.$/, ''));
  const code = [...markdown.matchAll(/`([^`\n]+)`/g)].map(([, text]) => text as string);
  const inRoot = words.filter((word) => topLevel.includes(word.split('/')[0] as string));
  return [...inRoot, ...code].filter((text) => text.includes('/') && isPath(text));
}

test('every path that docs/architecture.md names is there', () => {
  const drawn = trees(page).flatMap(pathsOfTree);
  expect(drawn.length).toBeGreaterThan(10);
  const named = [...new Set([...drawn, ...pathsOfText(page)])];
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

test('a path that is not there is found: in a tree, in code and in a sentence', () => {
  const tree = 'packages\n  flow      what a model is\n    src\n      gone.ts  nothing\n  lost\n';
  expect(trees(`\`\`\`text\n${tree}\`\`\`\n`)).toEqual([tree]);
  expect(trees('```text\nimages ──▶ trainer\n           glow-train  x\n```\n')).toEqual([]);
  expect(pathsOfTree(tree)).toEqual([
    'packages',
    'packages/flow',
    'packages/flow/src',
    'packages/flow/src/gone.ts',
    'packages/lost',
  ]);
  expect(
    pathsOfText('It is in packages/lost. See `a/b.ts` and `@glow-onnx/flow/internal`, or and/or.'),
  ).toEqual(['packages/lost', 'a/b.ts']);
});
