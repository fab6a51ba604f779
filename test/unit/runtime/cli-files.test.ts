import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { verifyFolder } from '@glow-onnx/exporter';
import { picturesOf } from '../../../packages/runtime/src/folder/card.js';
import { at, folder, glow, useGlowCommand } from '../../support/glow-command.js';

useGlowCommand();

const listed = () =>
  JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')).files as { path: string }[];
const filesIn = (directory: string) =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(directory.length + 1))
    .sort();

test('files lists the manifest and what it lists, with sizes, as text and as JSON', async () => {
  const { out, code } = await glow('files', folder);
  expect(code).toBe(0);
  for (const { path } of listed()) expect(out).toMatch(new RegExp(`^${path} +\\d.*B$`, 'm'));
  expect(out).toMatch(/^6 files, [\d.]+ kB\n$/m);
  const json = JSON.parse((await glow('files', folder, '--json')).out);
  expect(json.files).toEqual([expect.objectContaining({ path: 'manifest.json' }), ...listed()]);
  expect(json.bytes).toBe(json.files.reduce((sum: number, { bytes }: { bytes: number }) => sum + bytes, 0));
});

test('files --out copies these files alone, and the copy holds every claim', async () => {
  cpSync(folder, at('crowded'), { recursive: true });
  for (const name of ['sheet.png', 'train.mjs', 'onnx/notes.txt'])
    writeFileSync(at(`crowded/${name}`), 'more');
  expect((await glow('files', at('crowded'), '--out', at('lean'))).out).toMatch(
    /^copied 6 files, .* to .*lean\n$/,
  );
  expect(filesIn(at('lean'))).toEqual(['manifest.json', ...listed().map(({ path }) => path)].sort());
  expect((await verifyFolder(at('lean'))).ok).toBe(true);
  expect((await glow('files', folder, '--out', at('lean'))).err).toContain(
    'lean exists; pass --force to replace it',
  );
  expect((await glow('files', folder, '--out', at('lean'), '--force')).code).toBe(0);
});

test('files --out leaves nothing if a file is damaged, and replaces no folder with other files', async () => {
  cpSync(folder, at('damaged'), { recursive: true });
  writeFileSync(at('damaged/config.json'), '{}');
  const { code, err } = await glow('files', at('damaged'), '--out', at('never'));
  expect({ code, err }).toEqual({
    code: 1,
    err: expect.stringContaining('config.json has 2 bytes, manifest.json says'),
  });
  expect(readdirSync(at('.'))).not.toContain('never');
  expect((await glow('files', folder, '--out', at('crowded'), '--force')).err).toMatch(
    /holds (sheet\.png|train\.mjs|onnx\/notes\.txt), which is not part of a model folder/,
  );
});

describe('the pictures of a card', () => {
  const shownIn = (text: string) => picturesOf(new TextEncoder().encode(text));

  test('are those inside the folder, each once', () => {
    const text =
      '![a](a.png) ![b]( <./b/c.JPG> "title") <img alt="x" src=\'d.svg\'> [link](e.png) ![a](a.png) ![b](b//c.JPG) ![a](.//a.png)';
    expect(shownIn(text)).toEqual(['a.png', 'b/c.JPG', 'd.svg']);
  });

  test.each([
    '../a.png',
    'b/../../a.png',
    '/etc/a.png',
    'https://example.org/a.png',
    'data:image/png;base64,AA',
    'manifest.json',
    'a.png\u0000',
    'a%2f..%2fb.png',
    'a\\b.png',
  ])('are not %j', (path) => {
    expect(shownIn(`![a](${path})`)).toEqual([]);
    expect(shownIn(`<img src="${path}">`)).toEqual([]);
  });

  test.each(['![', '<img ', '<img src', '![]( ', '![](a'])(
    'are found in a card of nothing but %j',
    (text) => {
      expect(shownIn(text.repeat(2 ** 20 / text.length))).toEqual([]);
    },
  );

  test('are at most twenty', () => {
    expect(shownIn(Array.from({ length: 50 }, (_, i) => `![](${i}.png)`).join('\n'))).toHaveLength(20);
  });
});
