import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expandFolders, shownImage } from '../../../packages/runtime/src/cli/expand-folders.js';
import { forCommands } from '../../../packages/runtime/src/cli/run-program.js';

const folder = mkdtempSync(join(tmpdir(), 'glow-addresses-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('an address stays as it is, and gives the last part of its path as a name', async () => {
  writeFileSync(join(folder, 'b.png'), '');
  const addresses = [
    'https://example.org/x/cat.png?token=1',
    'http://example.org/',
    'data:image/png;base64,AAAA',
  ];
  const { images, names } = await expandFolders([...addresses, folder]);
  expect(images).toEqual([...addresses, join(folder, 'b.png')]);
  expect(names).toEqual(['cat', 'image', 'image', 'b']);
});

test('a report shows an address without its secrets, and a path as it is', () => {
  expect(shownImage('https://me:secret@example.org/cat.png?token=1')).toBe('https://example.org/cat.png');
  expect(shownImage('data:image/png;base64,AAAA')).toBe('data:image/png;base64,…');
  expect(shownImage(`${'long/'.repeat(200)}cat.png`)).toHaveLength(1007);
});

test('a file of the working folder that is named like an address stays a file', async () => {
  mkdirSync(join(folder, 'file:', 'etc'), { recursive: true });
  writeFileSync(join(folder, 'file:', 'etc', 'x.png'), '');
  writeFileSync(join(folder, 'data:,x.png'), '');
  const before = process.cwd();
  process.chdir(folder);
  try {
    const { images } = await expandFolders(['.']);
    expect(images).toEqual(['b.png', './data:,x.png', './file:/etc/x.png']);
  } finally {
    process.chdir(before);
  }
});

test('a command gives no advice that only a program can follow', () => {
  const gif = 'cat.gif: the image cannot be read: expected a PNG, JPEG or WebP, got a GIF; convert it';
  expect(forCommands(`${gif}, or decode it and pass its pixels`)).toBe(gif);
  expect(forCommands('make it smaller, or load the model with a larger maxPixels')).toBe('make it smaller');
});
