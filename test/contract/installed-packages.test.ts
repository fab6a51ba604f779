import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { closureOf, licencesOf } from '../support/closure.js';
import { type Lock, nameOf, readLock } from '../support/lock-file.js';

/** What installing a published package brings, against docs/security.md. */
const names = ['flow', 'graph', 'runtime', 'exporter', 'trainer', 'serve', 'glow-onnx'] as const;
const root = resolve(__dirname, '../..');
const lock = readLock();
const page = readFileSync(join(root, 'docs/security.md'), 'utf8');

/** Licence → why users may be given it. */
const allowed: Readonly<Record<string, string>> = {
  MIT: 'asks for its notice alone',
  'Apache-2.0': 'asks for its notice, and grants patents',
  'BSD-2-Clause': 'asks for its notice alone',
  'BSD-3-Clause': 'asks for its notice alone',
  ISC: 'asks for its notice alone',
  '0BSD': 'asks for nothing',
};
/** sharp loads libvips as a shared library, which users can replace: what the LGPL asks for. */
const isLibvips = (name: string) => name.startsWith('@img/sharp-');
const isAllowed = (licence: string, name: string) =>
  licence in allowed || (licence === 'LGPL-3.0-or-later' && isLibvips(name));

/** `@tensorflow/tfjs-node` downloads at install, so that the repository has neither of the two; see docs/security.md. */
const notInLock = ['@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu'];
/** Optional peers of dependencies, which npm does not install for anyone who does not ask. */
const neverInstalled = ['node_modules/node-fetch: encoding'];

/** The table under a heading: first cell → the packages that its second cell names. */
function tableUnder(heading: string, markdown = page): Map<string, string[]> {
  const [, section] = markdown.split(new RegExp(`^## ${heading}$`, 'm'));
  const rows = [...(section?.split(/^## /m)[0] ?? '').matchAll(/^\| *(.+?) *\| *(.*?) *\|.*\|$/gm)].slice(2);
  if (rows.length === 0) throw new Error(`docs/security.md has no table under "${heading}"`);
  return new Map(
    rows.flatMap(([, first = '', second = '']) => {
      const packages = names.filter((name) => second.includes(`\`${name}\``));
      return first.split(', ').map((cell) => [cell.replaceAll('`', ''), packages] as const);
    }),
  );
}

const namedFor = (table: Map<string, string[]>, name: string) =>
  [...table].filter(([, packages]) => packages.includes(name)).map(([cell]) => cell);

const closureNames = (found: Iterable<string>) => [...new Set([...found].map(nameOf))].sort();

const scriptsOf = (paths: Iterable<string>, of: Lock = lock) =>
  closureNames([...paths].filter((path) => of[path]?.hasInstallScript));

describe.each(names)('packages/%s', (name) => {
  const { paths, unknown } = closureOf(lock, `packages/${name}`);
  const peersNotInLock = name === 'trainer' || name === 'glow-onnx' ? notInLock : [];

  test('brings packages of the lock file, and no others but those that docs/security.md names', () => {
    const peers = peersNotInLock.map((peer) => `packages/trainer: ${peer}`);
    expect(unknown.filter((missing) => !neverInstalled.includes(missing))).toEqual(peers);
  });

  test('brings the install scripts that docs/security.md lists, and has none', () => {
    const listed = namedFor(tableUnder('Install scripts'), name);
    expect([...scriptsOf(paths), ...peersNotInLock].sort()).toEqual(listed.sort());
    const { scripts = {} } = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'));
    expect(Object.keys(scripts).filter((script) => /install|^prepare$/.test(script))).toEqual([]);
  });

  test('brings licences that are allowed, those that docs/security.md lists', () => {
    const licences = [...paths].flatMap((path) => {
      const packageName = nameOf(path);
      const found = licencesOf(lock[path]?.license ?? 'no licence', (one) => isAllowed(one, packageName));
      return found.map((licence) => ({ packageName, licence }));
    });
    expect(licences.filter(({ licence, packageName }) => !isAllowed(licence, packageName))).toEqual([]);
    expect([...new Set(licences.map(({ licence }) => licence))].sort()).toEqual(
      namedFor(tableUnder('Licences'), name).sort(),
    );
  });

  test('is under the MIT licence', () => {
    expect(lock[`packages/${name}`]?.license).toBe('MIT');
  });
});

test('the README leads to docs/security.md', () => {
  expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain('](docs/security.md');
});

describe('the reading of a lock file', () => {
  const small: Lock = {
    'packages/app': { dependencies: { a: '1' }, peerDependencies: { peer: '1' } },
    'node_modules/app': { link: true, resolved: 'packages/app' },
    'node_modules/a': { dependencies: { b: '1' }, license: 'MIT' },
    'node_modules/b': { license: 'MIT' },
    'node_modules/a/node_modules/b': { optionalDependencies: { c: '1', gone: '1' }, hasInstallScript: true },
    'node_modules/c': { hasInstallScript: true },
    'node_modules/peer': { dependencies: { app: '1' } },
    'node_modules/other': { hasInstallScript: true },
  };
  const { paths, unknown } = closureOf(small, 'packages/app');

  test('follows dependencies, peers and optional ones, each to the copy that its parent finds', () => {
    expect(paths).toEqual(
      new Set(['a', 'a/node_modules/b', 'c', 'peer'].map((path) => `node_modules/${path}`)),
    );
    expect(unknown).toEqual(['node_modules/a/node_modules/b: gone']);
    expect(scriptsOf(paths, small)).toEqual(['b', 'c']);
  });

  const isMit = (licence: string) => licence === 'MIT';

  test('takes all of A AND B, and of A OR B one that is allowed', () => {
    expect(licencesOf('MIT', isMit)).toEqual(['MIT']);
    expect(licencesOf('(GPL-3.0-only OR MIT)', isMit)).toEqual(['MIT']);
    expect(licencesOf('MIT AND GPL-3.0-only', isMit)).toEqual(['MIT', 'GPL-3.0-only']);
    expect(() => licencesOf('GPL-3.0-only OR AGPL-3.0-only', isMit)).toThrow('GPL-3.0-only OR AGPL');
    expect(() => licencesOf('MIT OR (ISC AND GPL-3.0-only)', isMit)).toThrow('MIT OR (ISC AND GPL');
  });

  test('lets nobody but libvips be under the LGPL', () => {
    expect(isAllowed('LGPL-3.0-or-later', '@img/sharp-libvips-linux-x64')).toBe(true);
    expect(isAllowed('LGPL-3.0-or-later', 'left-pad')).toBe(false);
    expect(isAllowed('no licence', 'left-pad')).toBe(false);
  });
});

test('the runtime asks for one version of the web build, because its scripts contain code that fits no other .wasm', () => {
  const { dependencies } = lock['packages/runtime'] ?? {};
  for (const name of ['onnxruntime-web', 'onnxruntime-common']) {
    expect(dependencies?.[name]).toBe(lock[`node_modules/${name}`]?.version);
  }
});
