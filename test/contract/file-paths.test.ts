import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(__dirname, '../..');

/** Programs of the repository, without what is built or installed. */
const programs = ['bench', 'examples', 'models', 'packages', 'scripts', 'test'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(
      (name) => /\.(ts|[cm]?js)$/.test(name) && !/(^|[\\/])(dist|cjs|node_modules|public)[\\/]/.test(name),
    )
    .map((name) => join(folder, name)),
);

test('no program takes the path of a file from a URL, where a space is %20: fileURLToPath does', () => {
  expect(programs.length).toBeGreaterThan(100);
  const found = programs.filter((path) =>
    /import\.meta\.url\)\s*\.pathname|pathToFileURL\([^)]*\)\.pathname/.test(
      readFileSync(join(root, path), 'utf8'),
    ),
  );
  expect(found).toEqual([]);
});
