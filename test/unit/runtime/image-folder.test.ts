import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createRandom } from '@glow-onnx/flow';
import { compareNames } from '../../../packages/runtime/src/node/compare-names.js';
import { listImages } from '../../../packages/runtime/src/node/image-folder.js';
import { describeLeftOut } from '../../../packages/runtime/src/node/left-out.js';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'glow-images-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const at = (...parts: string[]) => join(root, ...parts);
function write(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), '');
  }
}
function link(path: string, target: string): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  symlinkSync(target, at(path));
}
/** What was left out of `data`, by reason. */
async function leftOut(): Promise<Record<string, string[]>> {
  const reasons: Record<string, string[]> = {};
  for (const { file, reason } of (await listImages(at('data'))).leftOut) {
    reasons[reason] = [...(reasons[reason] ?? []), file];
  }
  return reasons;
}
const images = async () => (await listImages(at('data'))).images;

test('numbers in names count as numbers, folder by folder, and equal names have one order', async () => {
  write('data/img10.png', 'data/img2.png', 'data/b 10/1.png', 'data/b 9/12.png', 'data/b 9/2.png');
  write('data/é/2.png', 'data/e/1.png', 'data/e/3.png', 'data/01.png', 'data/1.png');
  expect(await images()).toEqual([
    '01.png',
    '1.png',
    'b 9/2.png',
    'b 9/12.png',
    'b 10/1.png',
    'e/1.png',
    'e/3.png',
    'é/2.png',
    'img2.png',
    'img10.png',
  ]);
  const composed = '\u00e9';
  const decomposed = 'e\u0301';
  expect(Math.sign(compareNames(composed, decomposed))).toBe(-Math.sign(compareNames(decomposed, composed)));
  expect(compareNames(composed, decomposed)).not.toBe(0);
});

test('hidden files and folders, and what systems leave behind, are no images', async () => {
  write('data/a.png', 'data/.b.png', 'data/._a.png', 'data/.ipynb_checkpoints/a-checkpoint.png');
  write('data/.git/x.png', 'data/sub/.DS_Store', 'data/Thumbs.db', 'data/@eaDir/a.png/thumb.jpg');
  write('data/__MACOSX/a.png');
  expect(await images()).toEqual(['a.png']);
  const { hidden } = await leftOut();
  expect(hidden?.sort()).toEqual(
    ['.DS_Store', '.b.png', '._a.png', '.git', '.ipynb_checkpoints', '@eaDir', 'Thumbs.db', '__MACOSX']
      .map((name) => (name === '.DS_Store' ? `sub/${name}` : name))
      .sort(),
  );
  expect((await listImages(at('data/.git'))).images).toEqual(['x.png']); // a folder that was named is read
});

test('files of other kinds are counted and named in one line', async () => {
  write('data/a.png', 'data/IMG_1.HEIC', 'data/IMG_2.heic', 'data/b.bmp', 'data/notes.txt', 'data/LICENSE');
  const { leftOut } = await listImages(at('data'));
  expect(describeLeftOut(leftOut)).toBe(
    'left out: 2 .heic (IMG_1.HEIC …; convert to PNG or JPEG), 1 .bmp (b.bmp; convert to PNG or JPEG), ' +
      '1 without extension (LICENSE), 1 .txt (notes.txt)',
  );
  expect(describeLeftOut([])).toBe(undefined);
});

test('links to files and folders are followed, in and out of the folder', async () => {
  write('pool/cats/1.png', 'pool/cats/deep/2.png', 'blobs/abc', 'data/own.jpg');
  link('data/cats', at('pool/cats'));
  link('data/named.webp', '../blobs/abc');
  expect(await listImages(at('data'))).toEqual({
    images: ['cats/1.png', 'cats/deep/2.png', 'named.webp', 'own.jpg'],
    leftOut: [],
    roots: [at('data'), at('pool/cats')],
  });
  link('whole', at('data'));
  expect((await listImages(at('whole'))).images).toEqual(await images());
});

test('an image that several paths lead to is read once, under its path without links', async () => {
  write('data/z/1.png', 'pool/x/y/1.png');
  link('data/a', './z');
  link('data/b.png', 'z/1.png');
  link('data/c', at('pool/x/y'));
  link('data/d', at('pool/x'));
  link('data/e', at('pool/x/y/1.png'));
  link('data/f.png', at('pool/x/y/1.png'));
  expect(await images()).toEqual(['c/1.png', 'z/1.png']);
  expect(await leftOut()).toEqual({
    'read under another path': ['a', 'b.png', 'd/y', 'f.png'],
    'without extension': ['e'],
  });
});

test('links in a circle end and are named', async () => {
  write('data/a/1.png', 'data/b/2.png', 'other/c/3.png');
  link('data/a/up', '..');
  link('data/a/self', 'self');
  link('data/a/b', '../b');
  link('data/b/a', '../a');
  link('data/out', at('other/c'));
  link('other/c/back', at('other'));
  link('data/gone', 'nowhere.png');
  expect(await images()).toEqual(['a/1.png', 'b/2.png', 'out/3.png']);
  expect(await leftOut()).toEqual({
    'linked to a folder that contains it': ['a/up', 'out/back'],
    'linked to itself': ['a/self'],
    'read under another path': ['a/b', 'b/a'],
    'linked to nothing': ['gone'],
  });
});

test('folders that link to each other over and over take no more time than folders', async () => {
  for (let i = 0; i < 40; i++) {
    write(`level/${i}/${i}.png`);
    for (const name of ['x', 'y', 'z']) link(`level/${i}/${name}`, at(`level/${i + 1}`));
  }
  mkdirSync(at('level/40'));
  link('data/start', at('level/0'));
  expect((await images()).length).toBe(40);
});

test('of any tree of folders and links, each image that can be reached is listed once', async () => {
  for (let seed = 0; seed < 40; seed++) {
    const random = createRandom(seed);
    const pick = <T>(of: readonly T[]): T => of[random.below(of.length)] as T;
    const folders = [`tree ${seed}/data`, `tree ${seed}/outside`];
    for (const folder of folders) mkdirSync(at(folder), { recursive: true });
    for (let i = 0; i < 8; i++) {
      folders.push(`${pick(folders)}/folder ${i}`);
      mkdirSync(at(folders.at(-1) as string));
    }
    const files = Array.from({ length: 8 }, (_, i) => `${pick(folders)}/${i}${pick(['.png', '', '.txt'])}`);
    write(...files);
    for (let i = 0; i < 8; i++)
      link(`${pick(folders)}/link ${i}${pick(['.png', ''])}`, at(pick([...folders, ...files])));
    const { images } = await listImages(at(folders[0] as string));
    const listed = images.map((path) => realpathSync(at(folders[0] as string, path)));
    expect([...listed].sort()).toEqual([...reachable(at(folders[0] as string), [])].sort());
  }
});

/** Real paths of the images in a folder, by all paths that do not pass through a folder twice. */
function reachable(folder: string, passed: readonly string[]): Set<string> {
  const real = realpathSync(folder);
  const found = new Set<string>();
  if (passed.includes(real)) return found;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    const target = realpathSync(path);
    const leadsUp = entry.isSymbolicLink() && `${real}/`.startsWith(`${target}/`);
    if (statSync(path).isFile()) {
      if (entry.name.endsWith('.png')) found.add(target);
    } else if (!leadsUp) for (const image of reachable(path, [...passed, real])) found.add(image);
  }
  return found;
}

test('what is no file, such as a pipe, is not opened, and a folder without permission is named', async () => {
  write('data/a.png', 'data/locked/b.png');
  execFileSync('mkfifo', [at('data/pipe.png')]);
  link('data/null.png', '/dev/null');
  chmodSync(at('data/locked'), 0);
  const names = await leftOut();
  chmodSync(at('data/locked'), 0o755);
  expect(names['not a file']).toEqual(['null.png', 'pipe.png']);
  // The superuser may read everything.
  if (process.getuid?.() !== 0) expect(names['unreadable (EACCES)']).toEqual(['locked']);
});
