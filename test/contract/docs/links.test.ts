import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = join(__dirname, '../../..');
const pages = [
  '.',
  'docs',
  'docs/decisions',
  'docs/frameworks',
  ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}`),
]
  .flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(folder, name)))
  .filter((path) => path.endsWith('.md'));

/** The anchor that GitHub gives a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}

const textOf = (path: string) => readFileSync(path, 'utf8').replaceAll(/^ *```[\s\S]*?^ *```$/gm, '');

test.each(pages)('every link of %s leads somewhere', (page) => {
  const targets = [...textOf(join(root, page)).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(
    ([, target]) => target as string,
  );
  const dead = targets.filter((target) => {
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? join(root, page) : join(root, dirname(page), path);
    if (!existsSync(file)) return true;
    if (anchor === undefined) return false;
    const headings = [...textOf(file).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
      anchorOf(heading as string),
    );
    return !headings.includes(anchor);
  });
  expect(dead).toEqual([]);
});
