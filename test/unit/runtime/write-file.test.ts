import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFileAtomic } from '../../../packages/runtime/src/node/write-file.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'write-file-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('writers of one path at once leave one whole file and nothing else', async () => {
  const path = join(folder, 'made', 'file');
  const texts = ['a'.repeat(1e6), 'b'.repeat(1e6), 'c'.repeat(1e6)];
  await Promise.all(texts.map((text) => writeFileAtomic(path, text)));
  expect(texts).toContain(readFileSync(path, 'utf8'));
  expect(readdirSync(join(folder, 'made'))).toEqual(['file']);
});

test.each(['/dev/null', 'a folder', 'a link'])('%s is not replaced by a file', async (kind) => {
  writeFileSync(join(folder, 'file'), 'kept');
  symlinkSync(join(folder, 'file'), join(folder, 'link'));
  const path = kind === 'a folder' ? folder : kind === 'a link' ? join(folder, 'link') : kind;
  await expect(writeFileAtomic(path, 'new')).rejects.toThrow('is not a file, so it is not replaced');
  expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('kept');
});

test('a write that fails leaves what was there', async () => {
  const path = join(folder, 'file');
  writeFileSync(path, 'kept');
  await expect(writeFileAtomic(path, 7 as unknown as string)).rejects.toThrow('must be of type string');
  expect(readFileSync(path, 'utf8')).toBe('kept');
  expect(readdirSync(folder)).toEqual(['file']);
});

const whereModes = process.platform === 'win32' ? test.skip : test;

whereModes.each([0o600, 0o666, 0o440])('a file of mode %i keeps it when it is replaced', async (mode) => {
  const path = join(folder, 'file');
  writeFileSync(path, 'before');
  chmodSync(path, mode);
  await writeFileAtomic(path, 'after');
  expect(readFileSync(path, 'utf8')).toBe('after');
  expect(statSync(path).mode & 0o777).toBe(mode);
});
